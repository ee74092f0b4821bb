import { describe, expect, it } from '@jest/globals';
import { type JobDescriptionInput, Refusal } from '../../../../src/contract/index.js';
import { rulesOf } from '../../../../src/wms/submission/check-limits.js';
import { Findings } from '../../../../src/wms/submission/findings.js';
import { type PreparedDescription, prepareJobs } from '../../../../src/wms/submission/prepare.js';
import { readJdls, readJsons } from '../../../../src/wms/submission/read-descriptions.js';
import { aConfiguration } from '../../../support/configuration.js';

const document = aConfiguration({ sites: { A: { ces: {} }, B: { ces: {} }, C: { ces: {} } } });
const limits = document.vos.lhcb?.jobs;
if (limits === undefined) throw new Error('The test configuration has no VO lhcb');
const rules = rulesOf(document, 'lhcb', limits);

type Loose = { [K in keyof JobDescriptionInput]?: unknown };

async function prepared(
  ...inputs: Loose[]
): Promise<{ prepared: PreparedDescription[]; problems: string[]; code: string | null }> {
  const findings = new Findings(1_000);
  const read = await readJsons(
    inputs.map((input) => ({ executable: 'x', ...input })),
    findings,
  );
  const done = await prepareJobs(read, rules, findings);
  const refusal = refusalOf(findings);
  const problems = refusal?.details.problems ?? [];
  return { prepared: done, problems: problems.map(({ path }) => path), code: refusal?.code ?? null };
}

function refusalOf(findings: Findings): Refusal | null {
  try {
    findings.refuse();
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

const problemsOf = async (input: Loose): Promise<string[]> => (await prepared(input)).problems;

describe('a job description', () => {
  it.each([100, 86_400, 500_000])('may ask for %d of CPU work', async (cpu_work) => {
    expect(await problemsOf({ cpu_work })).toEqual([]);
  });
  it.each([1, 100_000_000, null, 'qwerty'])('may not ask for %p of CPU work', async (cpu_work) => {
    expect(await problemsOf({ cpu_work })).toEqual(['jobs[0].cpu_work']);
  });
  it.each([0, 1, 10])('may have priority %d', async (priority) => {
    expect(await problemsOf({ priority })).toEqual([]);
  });
  it.each([-1, 11, null, 'qwerty'])('may not have priority %p', async (priority) => {
    expect(await problemsOf({ priority })).toEqual(['jobs[0].priority']);
  });

  it('has a job type that the VO knows, in any case', async () => {
    expect((await prepared({ job_type: 'user' })).prepared[0]?.description.job_type).toBe('User');
    expect(await problemsOf({ job_type: 'Production' })).toEqual(['jobs[0].job_type']);
  });

  it('has a wall time within the limit', async () => {
    expect(await problemsOf({ wall_time: 864_000 })).toEqual([]);
    expect(await problemsOf({ wall_time: 864_001 })).toEqual(['jobs[0].wall_time']);
  });

  it('names known sites, less the banned ones', async () => {
    const { prepared: done } = await prepared({ sites: ['A', 'B', 'C'], banned_sites: ['A', 'B'] });
    expect(done[0]?.description).toMatchObject({ sites: ['C'], banned_sites: [] });
    expect(await problemsOf({ sites: ['A'], banned_sites: ['A'] })).toEqual(['jobs[0].banned_sites']);
    expect(await problemsOf({ sites: ['A', 'LCG.Nowhere.xx'] })).toEqual(['jobs[0].sites']);
    expect(await problemsOf({ banned_sites: ['Closed.Long.ago'] })).toEqual([]);
    expect((await prepared({ sites: ['any'] })).prepared[0]?.description.sites).toEqual([]);
  });

  it('gives memory in MB, the most not below the least', async () => {
    expect(await problemsOf({ min_ram: 1000, max_ram: 2000 })).toEqual([]);
    expect(await problemsOf({ min_ram: 2000, max_ram: 1000 })).toEqual(['jobs[0].max_ram']);
    expect(await problemsOf({ max_ram: 4 })).toEqual(['jobs[0].max_ram']);
    expect(await problemsOf({ min_processors: 4, max_processors: 2 })).toEqual(['jobs[0].max_processors']);
  });

  it('has tags that a pilot can offer; numbers have keys of their own', async () => {
    expect(await problemsOf({ tags: ['GPU', 'ssd'] })).toEqual([]);
    for (const tag of ['4Processors', '2GB', 'two words', 'x'.repeat(65)]) {
      expect(await problemsOf({ tags: [tag] })).toEqual(['jobs[0].tags']);
    }
  });

  it('has a known log level, in capitals', async () => {
    expect((await prepared({ log_level: 'debug' })).prepared[0]?.description.log_level).toBe('DEBUG');
    expect(await problemsOf({ log_level: 'DEBUGGG' })).toEqual(['jobs[0].log_level']);
  });

  it('is refused by its own code when all it needs is a catalogue', async () => {
    expect((await prepared({ input_data: [' /lhcb/1 '] })).code).toBe('needs-catalogue');
    expect((await prepared({ output_data: ['x'] })).code).toBe('needs-catalogue');
    expect((await prepared({ input_sandbox: ['LFN:/lhcb/2'] })).code).toBe('needs-catalogue');
    expect((await prepared({ input_data: ['LFN:/lhcb/1'], priority: 11 })).code).toBe('invalid-description');
  });

  it.each([['SB:/lhcb/1'], ['LFN:/lhcb//1'], ['LFN:/2'], ['relative']])('cannot read %s', async (lfn) => {
    expect((await prepared({ input_data: [lfn] })).code).toBe('invalid-description');
  });

  it('reads at most so many files', async () => {
    const files = Array.from({ length: 501 }, (_, at) => `/lhcb/${at}`);
    expect((await prepared({ input_data: files })).code).toBe('invalid-description');
  });

  it('brings sandboxes that the client has uploaded', async () => {
    expect(await problemsOf({ input_sandbox: ['SB:SandboxSE|/S3/x'] })).toEqual([]);
    expect(await problemsOf({ input_sandbox: ['local.txt', 'LFN:'] })).toContain('jobs[0].input_sandbox');
  });
});

describe('a parametric description', () => {
  it('is judged with its values filled in', async () => {
    const { problems } = await prepared({ sites: ['%s'], parametric: { values: ['A', 'Nowhere', 'B'] } });
    expect(problems).toEqual(['jobs[0].child[1].sites']);
  });

  it('is judged by the longest that a text can become', async () => {
    const values = ['short', 'x'.repeat(128)];
    expect((await prepared({ job_name: 'n%s', parametric: { values } })).problems).toEqual([
      'jobs[0].child[1].job_name',
    ]);
    expect((await prepared({ job_name: `${'x'.repeat(115)}%j` })).problems).toEqual(['jobs[0].job_name']);
  });

  it('keeps no values in the description, which all its jobs share', async () => {
    const { prepared: done } = await prepared({ arguments: '%s', parametric: { values: ['a', 'b'] } });
    expect(done[0]?.description).not.toHaveProperty('parametric');
    expect(done[0]?.expansions).toHaveLength(2);
  });
});

describe('the problems of a call', () => {
  it('are listed for all jobs, in the words of the notation', async () => {
    const findings = new Findings(10);
    const texts = ['Executable = "x"; Priority = "much";', 'Executable = ', 'Executable = "y";'];
    const read = await readJdls(texts, findings);
    expect(read.map(({ path }) => path)).toEqual(['jobs[2]']);
    const refusal = refusalOf(findings);
    expect(refusal?.details.problems?.map(({ path }) => path)).toEqual(['jobs[0].Priority', 'jobs[1]']);
    expect(refusal).toMatchObject({ code: 'jdl-syntax', message: expect.stringContaining('jobs[0].Priority') });
  });

  it('are cut where nobody would read on, and the rest is counted', () => {
    const findings = new Findings(7);
    for (let at = 0; at < 12; at += 1) findings.add([{ path: `jobs[${at}]`, message: 'x'.repeat(5_000) }]);
    const refusal = refusalOf(findings);
    const problems = refusal?.details.problems ?? [];
    expect(problems).toHaveLength(8);
    expect(problems.at(-1)).toEqual({ path: '', message: 'and 5 more' });
    expect(problems[0]?.message).toHaveLength(1_001);
    expect(refusal?.message).toMatch(/ \(and 11 more\)$/);
  });

  it('are found in slices, between which others have their turn', async () => {
    const inputs = Array.from({ length: 10_000 }, () => ({ sites: Array.from({ length: 20 }, () => 7), mood: 'bad' }));
    const findings = new Findings(1_000);
    let turns = 0;
    let isDone = false;
    const turn = (): void => {
      turns += 1;
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);
    expect(await readJsons(inputs, findings)).toEqual([]);
    isDone = true;
    expect(turns).toBeGreaterThan(3);
    expect(refusalOf(findings)?.details.problems).toHaveLength(1_001);
  });
});
