import { describe, expect, it } from '@jest/globals';
import type { Offer, PilotExplanation } from '../../../../src/contract/index.js';
import { holdAgainstQueues } from '../../../../src/wms/explain/against-queues.js';
import { lacksInWords } from '../../../../src/wms/explain/lacking-words.js';
import type { PilotFacts } from '../../../../src/wms/explain/pilot-facts.sql.js';
import { pilotReasons, type Surroundings } from '../../../../src/wms/explain/pilot-reasons.js';
import { mismatchesOf } from '../../../../src/wms/task-queues/eligible.js';
import { LastOffers } from '../../../../src/wms/matching/last-offers.js';
import { asking, resource } from './places.js';

const codes = (reasons: { code: string }[]): string[] => reasons.map(({ code }) => code);

describe('a pilot that got nothing', () => {
  const { place } = resource({ sites: ['CERN'], platforms: ['el9'] }, { processors: 2, wallLeft: 600.7 });
  const calm = { lacksIsolation: false, status: null, keptFor: null, contradiction: null };
  const around: Surroundings = { ...calm, silentSeconds: 60, place };
  const pilot: PilotFacts = {
    stamp: 'f'.repeat(32),
    vo: 'lhcb',
    site: 'CERN',
    ce: 'ce1',
    queue: 'q',
    status: 'Running',
    status_reason: 'x',
    drain: 0,
    tags: null,
    platforms: null,
    node: null,
    isolation: 'none',
    bound_owner: null,
    bench_mark: 0,
    ended_at: null,
    silent_for: 1,
    last_offer: '{}',
    last_offer_at: null,
    jobs: 0,
  };
  const queues = (waiting: number, fitting: number, others = 0): PilotExplanation['task_queues'] => ({
    waiting,
    fitting,
    of_other_owners: others,
    failing: [],
    nearest:
      fitting > 0 || waiting === 0
        ? null
        : {
            task_queue: 7,
            lacks: ['site'],
            words: 'far away',
            alike: 2,
          },
  });

  it('is told what keeps it from jobs', () => {
    expect(codes(pilotReasons(pilot, around, queues(0, 0)))).toEqual(['no-jobs']);
    expect(pilotReasons(pilot, around, queues(9, 0))[0]?.text).toBe(
      'None of the 9 waiting task queues fits it. Nearest is task queue 7: far away (2 task queues lack just that)',
    );
    expect(codes(pilotReasons(pilot, around, queues(9, 2, 2)))).toEqual(['other-owners']);
    expect(codes(pilotReasons(pilot, around, queues(9, 2, 1)))).toEqual(['fits']);
    expect(codes(pilotReasons(pilot, { ...around, keptFor: 4 }, queues(9, 2, 1)))).toEqual(['kept-free']);
    const banned: Surroundings = { ...around, status: { verdict: 'closed', words: 'site CERN is Banned' } };
    expect(codes(pilotReasons(pilot, banned, queues(9, 2, 1)))).toEqual(['closed']);
    expect(codes(pilotReasons({ ...pilot, drain: 1 }, around, queues(9, 2, 1)))).toEqual(['drain']);
    const everything: Surroundings = {
      ...around,
      lacksIsolation: true,
      status: { verdict: 'tests-only', words: 'site CERN is Probing' },
      contradiction: 'tags',
      place: null,
    };
    expect(codes(pilotReasons({ ...pilot, drain: 1, silent_for: 3_600 }, everything, null))).toEqual(
      ['silent', 'drain', 'isolation', 'tests-only', 'wrong-conditions'], // prettier-ignore
    );
    expect(codes(pilotReasons({ ...pilot, status: 'Aborted' }, everything, null))).toEqual(['ended']);
    const waiting = { ...pilot, status: 'Waiting' as const, silent_for: null, last_offer: null };
    expect(codes(pilotReasons(waiting, { ...around, place: null }, null))).toEqual(['not-started']);
    expect(codes(pilotReasons({ ...pilot, last_offer: null }, { ...around, place: null }, null))).toEqual(['no-offer']);
  });

  it('is held against task queues class by class', async () => {
    const of = (id: number, classId: number, description: Parameters<typeof asking>[0], ownerSubject = 'me') => ({
      id,
      classId,
      vo: 'lhcb',
      listed: true,
      ownerSubject,
      requirements: asking(description),
    });
    const waiting = [
      of(1, 1, { sites: ['RAL'], min_processors: 4 }),
      of(2, 2, { min_processors: 4 }),
      of(3, 2, { min_processors: 4 }, 'other'),
      of(4, 3, { platforms: ['el7'] }),
    ];
    const all = { vo: 'lhcb', owner: null, testsOnly: false };
    expect(await holdAgainstQueues(waiting, place, all)).toEqual({
      waiting: 4,
      fitting: 0,
      of_other_owners: 0,
      failing: [
        {
          requirement: 'site',
          queues: 1,
        },
        {
          requirement: 'platform',
          queues: 1,
        },
        {
          requirement: 'processors',
          queues: 3,
        },
      ],
      nearest: {
        task_queue: 2,
        lacks: ['processors'],
        words: 'they ask for 4 processors, 2 are free',
        alike: 2,
      },
    });
    const fits = [...waiting, of(5, 4, {}), of(6, 4, {}, 'other')];
    expect(await holdAgainstQueues(fits, place, { ...all, owner: 'me' })).toMatchObject({
      waiting: 6,
      fitting: 2,
      of_other_owners: 1,
      nearest: null,
    });
    expect(await holdAgainstQueues(fits, place, { ...all, testsOnly: true })).toMatchObject({ fitting: 0 });
    const elsewhere = [
      { ...of(7, 5, {}), vo: 'biomed' },
      { ...of(8, 5, {}), listed: false },
    ];
    expect(await holdAgainstQueues(elsewhere, place, all)).toMatchObject({ waiting: 0 });
    expect(await holdAgainstQueues([], place, all)).toMatchObject({ waiting: 0, nearest: null });
  });

  it('is told each lack in words', () => {
    const strict = resource(
      {
        sites: ['CERN'],
        ces: ['ce1'],
        platforms: ['el9'],
        jobTypes: ['Test'],
        tags: ['x', 'z'],
        requiredTags: ['z'],
        bannedTags: ['x'],
      },
      { processors: 1, memory: 1, gpus: 0, cpuWorkLeft: 10, wallLeft: 10 },
    ).place;
    const wants = asking({
      sites: ['RAL'],
      banned_sites: ['CERN'],
      ces: ['ce2'],
      platforms: ['el7'],
      tags: ['x', 'y'],
      whole_node: true,
      min_processors: 2,
      min_ram: 2,
      gpus: 1,
      wall_time: 60,
    });
    const missing = mismatchesOf(wants, strict.capability, strict.free);
    expect(missing).toHaveLength(14);
    const words = lacksInWords(wants, strict, missing);
    expect(words.split('; ')).toHaveLength(14);
    expect(words).not.toMatch(/undefined|NaN|null/);
  });
});

describe('last offers', () => {
  const offer: Offer = {
    platforms: [],
    processors: 1,
    memory: 10,
    gpus: 0,
    cpu_work_left: 100.5,
    wall_left: 10.2,
    tags: [],
    required_tags: [],
    idle: true,
  };

  it('are noted when they change in more than time, and after a minute', () => {
    const offers = new LastOffers();
    expect(JSON.parse(offers.toNote('a', offer, 0) ?? '')).toEqual({ ...offer, cpu_work_left: 101, wall_left: 10 });
    expect(offers.toNote('a', { ...offer, wall_left: 5 }, 30_000)).toBeNull();
    expect(offers.toNote('b', offer, 30_000)).not.toBeNull();
    expect(offers.toNote('a', { ...offer, processors: 0 }, 31_000)).not.toBeNull();
    expect(offers.toNote('a', { ...offer, processors: 0 }, 91_000)).not.toBeNull();
  });
});
