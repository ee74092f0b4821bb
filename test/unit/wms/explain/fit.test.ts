import { describe, expect, it } from '@jest/globals';
import { fitOf } from '../../../../src/wms/explain/fit.js';
import { asking, resource } from './places.js';

const cern = resource({ sites: ['CERN'] }, { processors: 1 });
const ral = resource({ sites: ['RAL'], tags: ['gpu'] }, { processors: 8, gpus: 2 });
const gridka = resource({ sites: ['GridKa'] }, { processors: 4 });
const pilots = resource({ sites: ['RAL'] }, { processors: 8 }, { pilots: 30 });

describe('requirements against resources', () => {
  it('are counted one by one, and together with those before', () => {
    const { fit } = fitOf(asking({ sites: ['CERN', 'GridKa'], min_processors: 8 }), [cern, ral, gridka, pilots], []);
    expect(fit).toMatchObject({ known: { queues: 3, pilots: 30 }, fitting: { queues: 0, pilots: 0 } });
    expect(fit.requirements).toEqual([
      {
        requirement: 'site',
        asks: 'site cern, gridka',
        pass: { queues: 2, pilots: 0 },
        fail: { queues: 1, pilots: 30 },
        left: { queues: 2, pilots: 0 },
      },
      expect.objectContaining({ requirement: 'job-type', left: { queues: 2, pilots: 0 } }),
      {
        requirement: 'processors',
        asks: '8 processors',
        pass: { queues: 1, pilots: 30 },
        fail: { queues: 2, pilots: 0 },
        left: { queues: 0, pilots: 0 },
      },
      expect.objectContaining({ requirement: 'cpu-work', fail: { queues: 0, pilots: 0 } }),
    ]);
    expect(fit.never_together).toEqual(['site', 'processors']);
    expect(fit.changes.map(({ words, then }) => [words, then])).toEqual([
      ['add site RAL', { queues: 1, pilots: 30 }],
      ['ask for at most 4 processors (you ask for 8)', { queues: 1, pilots: 0 }],
    ]);
  });

  it('shows places that fit, with their pilots, and what nobody offers at all', () => {
    expect(fitOf(asking({}), [cern, ral, pilots], []).fit).toMatchObject({
      never_together: null,
      changes: [],
      places: [
        { site: 'RAL', pilots: 30 },
        { site: 'CERN', pilots: 0 },
      ],
    });
    expect(fitOf(asking({ tags: ['quantum'] }), [cern, ral], []).fit.never_together).toEqual(['tags']);
    expect(fitOf(asking({}), [], []).fit).toMatchObject({
      known: { queues: 0, pilots: 0 },
      never_together: [],
      changes: [],
    });
  });

  it('tells what a place asks of jobs that ask for nothing', () => {
    const picky = resource({ tags: ['long'], requiredTags: ['long'] });
    const { fit } = fitOf(asking({}), [picky], []);
    expect(fit.requirements.map(({ requirement }) => requirement)).toContain('required-tags');
    expect(fit.changes).toEqual([
      { requirements: ['required-tags'], words: 'add tag long', then: { queues: 1, pilots: 0 } },
    ]);
  });

  it('counts what fits but is closed, suggests open places only, and lets tests into places for tests', () => {
    const banned = resource({ sites: ['CERN'] }, {}, { verdict: 'closed', trouble: 'site CERN is Banned: fire' });
    const probing = resource({ sites: ['RAL'] }, {}, { verdict: 'tests-only', trouble: 'site RAL is Probing' });
    const small = resource({ sites: ['PIC'] }, { processors: 2 });
    const { fit } = fitOf(asking({ min_processors: 4 }), [banned, probing, small], []);
    expect(fit).toMatchObject({ fitting: { queues: 2 }, closed: { queues: 2 }, never_together: null });
    expect(fit.changes.map(({ words }) => words)).toEqual(['ask for at most 2 processors (you ask for 4)']);
    expect(fit.places.map(({ trouble }) => trouble)).toEqual(['site RAL is Probing', 'site CERN is Banned: fire']);
    expect(fitOf(asking({ job_type: 'Test' }), [banned, probing], []).fit).toMatchObject({ closed: { queues: 1 } });
  });

  it('counts pilots that fit but serve somebody else', () => {
    expect(fitOf(asking({}), [cern], [pilots, resource({}, {}, { pilots: 2 })]).fit).toMatchObject({
      known: { queues: 1, pilots: 0 },
      bound_elsewhere: 32,
    });
    expect(fitOf(asking({ min_processors: 16 }), [cern], [pilots]).fit.bound_elsewhere).toBe(0);
  });
});
