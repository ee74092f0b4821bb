import { describe, expect, it } from '@jest/globals';
import {
  checkDescription,
  expandParametric,
  parametricCount,
  readJdl,
  substitute,
  type JobDescription,
} from '../../../src/contract/index.js';

function description(jdl: string): JobDescription {
  const { description: read, problems } = readJdl(`Executable = x; ${jdl}`);
  expect(problems).toEqual([]);
  if (read === null) throw new Error('no description');
  return read;
}

function children(jdl: string): JobDescription[] {
  const read = description(jdl);
  return expandParametric(read).map((expansion) => substitute(read, expansion, 100 + expansion.index));
}

describe('A parametric description', () => {
  it('makes one job for each value, in order, counted from 0', () => {
    const jobs = children('Parameters = {"a", "b", "c"}; JobName = "Test_%n"; Arguments = "%s"');
    expect(jobs.map((job) => [job.job_name, job.arguments])).toEqual([
      ['Test_0', 'a'],
      ['Test_1', 'b'],
      ['Test_2', 'c'],
    ]);
    expect(jobs.every((job) => !('parametric' in job))).toBe(true);
  });

  it('repeats its start where there is no step', () => {
    expect(children('Parameters = 3; ParameterStart = 5; Arguments = "%s"').map((job) => job.arguments)).toEqual([
      '5',
      '5',
      '5',
    ]);
  });

  it('steps each value from the one before: times the factor, plus the step', () => {
    const jdl = `Parameters = 3; ParameterStart.A = 1; Parameters.A = 3; ParameterStep.A = 1; ParameterFactor.A = 2;
      Parameters.B = {"a", "b", "c"}; Arguments = "%(A)s %(B)s"`;
    expect(children(jdl).map((job) => job.arguments)).toEqual(['1 a', '3 b', '7 c']);
  });

  it('needs equally many values of every parameter', () => {
    const { problems } = readJdl('Executable = x; Parameters = 3; Parameters.B = {"a", "b", "c", "d"}');
    expect(problems).toEqual([
      { path: 'Parameters', message: 'parameters need equally many values: the unnamed one has 3, B has 4' },
    ]);
  });

  it('says how many jobs it makes; a plain one says none', () => {
    expect(parametricCount(description(''))).toBeNull();
    expect(expandParametric(description(''))).toEqual([]);
    expect(parametricCount(description('Parameters = {1, 2, 3}'))).toBe(3);
    expect(parametricCount(description('Parameters = 7'))).toBe(7);
    expect(parametricCount(description('Parameters.A = {1, 2, 3}'))).toBe(3);
  });

  it('pads the index to the width of the last one', () => {
    const names = (count: number): string[] =>
      children(`Parameters = ${count}; JobName = "%n"`).map((job) => job.job_name);
    expect(names(10)[9]).toBe('9');
    expect(names(11)[1]).toBe('01');
    expect(names(101)[7]).toBe('007');
  });

  it('splices a list value into a list, and writes it with commas elsewhere', () => {
    const [job] = children('Parameters = {{"a", "b"}}; OutputSandbox = {"std.out", "%s", "x%s"}; Arguments = "%s"');
    expect(job?.output_sandbox).toEqual(['std.out', 'a', 'b', 'xa,b']);
    expect(job?.arguments).toBe('a,b');
  });

  it('fills every text: environment, lists and unknown attributes too', () => {
    const jdl = 'Parameters = {"v"}; ExecutionEnvironment = {"A=%s"}; Site = "%s"; Odd = "%s %j %(X)s %d"';
    expect(children(jdl)[0]).toMatchObject({
      environment: { A: 'v' },
      sites: ['v'],
      extra: { Odd: 'v 100 %(X)s %d' },
    });
  });

  it('does not fill what a value brings', () => {
    expect(children('Parameters = {"%n"}; Arguments = "%s"')[0]?.arguments).toBe('%n');
  });

  it('without any values is refused', () => {
    expect(checkDescription({ executable: 'x', parametric: {} }).problems).toMatchObject([{ path: 'parametric' }]);
  });
});

describe('A plain description', () => {
  it('knows its job id only', () => {
    const plain = description('Arguments = "%j %n %s"');
    expect(substitute(plain, null, 42).arguments).toBe('42 %n %s');
    expect(substitute(plain, null, null).arguments).toBe('%j %n %s');
  });
});

describe('A description in JSON', () => {
  it('is checked by the same rules, under the JSON names', () => {
    const { problems } = checkDescription({
      executable: 'x',
      log_level: 'x',
      sites: ['A'],
      banned_sites: ['A'],
      extra: 1,
    });
    expect(problems).toMatchObject([{ path: 'extra' }]);
    const further = checkDescription({ executable: 'x', log_level: 'x', sites: ['A'], banned_sites: ['a'] });
    expect(further.problems.map(({ path }) => path)).toEqual(['log_level', 'banned_sites']);
  });
  it('names the place of a problem inside', () => {
    const { problems } = checkDescription({ executable: 'x', tags: ['a', ''], nonsense: 1 });
    expect(problems.map(({ path }) => path).sort()).toEqual(['', 'tags[1]']);
  });
});
