import { describe, expect, it } from '@jest/globals';
import { checkDriver } from '../../../src/ce/index.js';
import { queuesOf, readConfiguration } from '../../../src/configuration/index.js';
import { type Problem, Refusal } from '../../../src/contract/index.js';
import { checkStorage } from '../../../src/storage/index.js';
import { aConfiguration, aConfigurationDocument, anyDriver, type Overrides } from '../../support/configuration.js';

const drivers = { computingElement: checkDriver, storageElement: checkStorage };

function problemsOf(text: string, checks = anyDriver): Problem[] {
  try {
    readConfiguration(text, checks);
    return [];
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    expect(error.code).toBe('invalid-configuration');
    return error.details.problems ?? [];
  }
}
const problemsWith = (overrides: Overrides, checks = anyDriver) =>
  problemsOf(JSON.stringify(aConfigurationDocument(overrides)), checks);
const pathsWith = (overrides: Overrides) => problemsWith(overrides).map(({ path }) => path);

describe('a configuration document', () => {
  it('may be YAML or JSON', () => {
    const json = JSON.stringify(aConfigurationDocument());
    expect(readConfiguration(json, anyDriver).configuration.vos.lhcb?.share).toBe(1000);
    expect(readConfiguration(`# of our site\n${json}`, anyDriver).sha256).toBe(
      readConfiguration(json, anyDriver).sha256,
    );
  });

  it('reports all of its problems at once, each with path and line', () => {
    const yaml = [
      'vos:',
      '  lhcb:',
      '    default_group: lhcb_user',
      '    share: -1',
      '    groups:',
      '      lhcb_user: { properties: [NormalUser, Superman] }',
      'sites:',
      '  Demo.Local:',
      '    ces:',
      '      local:',
      '        driver: local',
      '        queues:',
      '          all:',
      '            vos: [lhcb]',
      '            processors: many',
      'storage: { elements: {}, sandboxes: a, pilot_logs: b }',
      'colour: blue',
    ].join('\n');
    const problems = problemsOf(yaml);
    expect(problems.map(({ path }) => path).toSorted()).toEqual([
      '',
      'sites.Demo.Local.ces.local.queues.all.processors',
      'vos.lhcb.groups.lhcb_user.properties.1',
      'vos.lhcb.share',
    ]);
    const messageAt = (path: string) => problems.find((problem) => problem.path === path)?.message;
    expect(messageAt('vos.lhcb.share')).toContain('(line 4)');
    expect(messageAt('sites.Demo.Local.ces.local.queues.all.processors')).toContain('(line 15)');
    expect(messageAt('')).toContain('colour');
  });

  it('that is no YAML says on which line', () => {
    expect(problemsOf('vos:\n  a: [1, 2\nsites: }')[0]?.path).toMatch(/^line [23]$/);
    expect(problemsOf('vos: 1\nvos: 2')[0]?.path).toBe('line 2');
    expect(problemsOf('')).not.toEqual([]);
  });

  it('that grows without bounds by aliases is refused', () => {
    const layers = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (let layer = 1; layer < 9; layer += 1) {
      const [name, below] = ['abcdefghi'[layer], 'abcdefghi'[layer - 1]];
      layers.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${below}`).join()}]`);
    }
    expect(problemsOf(layers.join('\n'))[0]?.message).toMatch(/alias/i);
  });

  it('has names that fit everywhere', () => {
    const [problem] = problemsWith({ vos: { 'a b': { default_group: 'g', groups: { g: {} } } } });
    expect(problem).toMatchObject({
      path: 'vos.a b',
      message: expect.stringMatching(/not a valid name: letters, digits/),
    });
  });
});

describe('names that lead nowhere', () => {
  const queue = (vos: string[]) => ({ 'Demo.Local': { ces: { local: { queues: { all: { vos } } } } } });

  it('are found: default group, VOs of queues, storage elements', () => {
    expect(
      pathsWith({
        vos: { lhcb: { default_group: 'lhcb_nobody' } },
        sites: queue(['lhcb', 'atlas']),
        storage: { sandboxes: 'Nowhere', pilot_logs: 'Neither' },
      }).toSorted(),
    ).toEqual([
      'sites.Demo.Local.ces.local.queues.all.vos.1',
      'storage.pilot_logs',
      'storage.sandboxes',
      'vos.lhcb.default_group',
    ]);
  });

  it('are found when they are names that every object has', () => {
    expect(pathsWith({ sites: queue(['constructor']), storage: { sandboxes: 'toString' } })).toHaveLength(2);
  });

  it('include groups that two VOs claim, and names that differ in case only', () => {
    expect(pathsWith({ vos: { biomed: { groups: { LHCB_user: {} } } } })).toEqual(['vos.biomed.groups.LHCB_user']);
    const twin = { default_group: 'twin_user', groups: { twin_user: {} } };
    expect(pathsWith({ vos: { LHCb: twin } })).toEqual(['vos.LHCb']);
    expect(pathsWith({ sites: { 'demo.local': { ces: {} } } })).toEqual(['sites.demo.local']);
  });

  it('include limits that contradict each other', () => {
    const jobs = { min_cpu_work: 10, max_cpu_work: 5, default_cpu_work: 100, default_priority: 99 };
    expect(pathsWith({ vos: { lhcb: { jobs } } })).toEqual([
      'vos.lhcb.jobs.max_cpu_work',
      'vos.lhcb.jobs.default_cpu_work',
      'vos.lhcb.jobs.default_priority',
    ]);
  });
});

describe('drivers', () => {
  it('check their own settings', () => {
    expect(problemsWith({}, drivers)).toEqual([]);
    const wrong = {
      sites: { 'Demo.Local': { ces: { local: { driver: 'teleport' } } } },
      storage: { elements: { LogSE: { driver: 'file', root: 'not/absolute' }, SandboxSE: { driver: 'tape' } } },
    };
    const paths = problemsWith(wrong, drivers).map(({ path }) => path);
    expect(paths).toContain('sites.Demo.Local.ces.local.driver');
    expect(paths).toContain('storage.elements.LogSE.root');
    expect(paths.some((path) => path.startsWith('storage.elements.SandboxSE'))).toBe(true);
  });

  it('of storage elements take no secrets from the document', () => {
    const s3 = { driver: 's3', endpoint: 'https://s3.example.org', region: 'r', bucket: 'logs' };
    const elements = (extra: object) => ({ storage: { elements: { Other: { ...s3, ...extra } } } });
    expect(problemsWith(elements({}), drivers)).toEqual([]);
    const [problem] = problemsWith(elements({ secret_key: 'abc' }), drivers);
    expect(problem?.path).toBe('storage.elements.Other.secret_key');
    expect(problem?.message).not.toContain('abc');
  });
});

describe('the queues of a configuration', () => {
  it('are one list, with what surrounds them', () => {
    const sites = { 'Demo.Local': { platforms: ['linux-x64'] } };
    expect(queuesOf(aConfiguration({ sites }))).toEqual([
      expect.objectContaining({
        site: 'Demo.Local',
        ce: 'local',
        queue: 'all',
        driver: 'local',
        ceSettings: { slots: 4 },
        settings: {},
        processors: 2,
        memory: 4_000,
        vos: ['lhcb', 'biomed'],
        platforms: ['linux-x64'],
      }),
    ]);
  });
});

describe('limits on running jobs', () => {
  const site = (...running_limits: object[]) => ({ sites: { 'Demo.Local': { running_limits } } });

  it('are told all that is wrong with them', () => {
    const problems = problemsWith({
      ...site(
        { vo: 'atlas', max_running: 1 },
        { vo: 'biomed', group: 'lhcb_user', job_type: 'Merge', max_running: 1 },
        { owner: '*', per_minute: 3 },
        { owner: '*', max_running: 3 },
        { group: '*', job_type: '*', owner: 'anybody', max_running: 0 },
      ),
      vos: {
        lhcb: {
          groups: {
            lhcb_user: {
              running_limits: [
                { job_type: 'User', delay_seconds: 1 },
                { job_type: 'USER', max_running: 1 },
              ],
            },
          },
        },
      },
    });
    expect(problems.map(({ path, message }) => `${path}: ${message.replace(/ \(line.*/, '')}`).toSorted()).toEqual([
      'sites.Demo.Local.running_limits.0.vo: there is no VO atlas',
      'sites.Demo.Local.running_limits.1.group: there is no group lhcb_user in VO biomed',
      'sites.Demo.Local.running_limits.1.job_type: jobs of type Merge cannot be submitted in VO biomed',
      'sites.Demo.Local.running_limits.3: is about the same jobs as rule 2 of the list',
      'vos.lhcb.groups.lhcb_user.running_limits.1: is about the same jobs as rule 0 of the list',
    ]);
  });

  it('must limit something, by what their place leaves open', () => {
    expect(pathsWith(site({ job_type: 'User' }, { max_running: -1 }, { per_minute: 0 }))).toEqual([
      'sites.Demo.Local.running_limits.0',
      'sites.Demo.Local.running_limits.1.max_running',
      'sites.Demo.Local.running_limits.2.per_minute',
    ]);
    expect(pathsWith({ vos: { lhcb: { running_limits: [{ vo: 'biomed', max_running: 1 }] } } })).toEqual([
      'vos.lhcb.running_limits.0',
    ]);
  });
});
