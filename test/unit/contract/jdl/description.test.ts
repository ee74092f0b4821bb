import { describe, expect, it } from '@jest/globals';
import {
  describeAttributes,
  findJdlAttribute,
  jdlNameOf,
  jdlToDescription,
  parseJdl,
  readJdl,
  type DraftDescription,
  type JobDescription,
  type Problem,
} from '../../../../src/contract/index.js';

function mapped(text: string): DraftDescription {
  const { input, problems } = jdlToDescription(parseJdl(text).record);
  expect(problems).toEqual([]);
  return input;
}

function accepted(text: string): JobDescription {
  const { description, problems } = readJdl(`Executable = x; ${text}`);
  expect(problems).toEqual([]);
  if (description === null) throw new Error('no description');
  return description;
}

function refused(text: string): Problem[] {
  const { description, problems } = readJdl(text);
  expect(description).toBeNull();
  return problems;
}

describe('The attributes of a JDL', () => {
  it('become keys of a description, whatever their case', () => {
    const text = `[ executable = "run.sh"; ARGUMENTS = "-a 1;2"; JobName = n; JobType = Test; JobGroup = g; Priority = 3;
      CPUTime = "5000"; WallTime = 60; GPUs = 1; PayloadRetries = 2; StdOutput = o; StdError = e; WholeNode = y;
      GridCE = "ce1, ce2"; OutputSandbox = {"std.out", "*.root"}; OutputData = f; OutputSE = "A, B"; MinRAM = 2000; ]`;
    expect(mapped(text)).toEqual({
      executable: 'run.sh',
      arguments: '-a 1;2',
      job_name: 'n',
      job_type: 'Test',
      job_group: 'g',
      priority: 3,
      cpu_work: 5000,
      wall_time: 60,
      gpus: 1,
      payload_retries: 2,
      stdout: 'o',
      stderr: 'e',
      whole_node: true,
      ces: ['ce1', 'ce2'],
      output_sandbox: ['std.out', '*.root'],
      output_data: ['f'],
      output_se: ['A', 'B'],
      min_ram: 2000,
    });
  });

  it('that Pilotage does not know are kept', () => {
    expect(mapped('ProcessingType = "a b"; Weird = {1, "x"}').extra).toEqual({
      ProcessingType: 'a b',
      Weird: '{1, "x"}',
    });
  });

  it('that name the owner are dropped: the token says who it is', () => {
    expect(mapped('Owner = eve; OwnerGroup = g; VirtualOrganization = v; OwnerDN = "/x"; DIRACSetup = s')).toEqual({});
  });

  it('that are wrong are all reported at once, by name', () => {
    const problems = refused(
      'CPUTime = qwerty; Priority = 1.5; WholeNode = maybe; Site = {[a=1]}; GPUs = -1; MaxRAM = 2',
    );
    expect(problems.map(({ path }) => path).sort()).toEqual(
      ['CPUTime', 'Executable', 'GPUs', 'MaxRAM', 'Priority', 'Site', 'WholeNode'].sort(),
    );
  });

  it('have an Executable, and it is not empty', () => {
    expect(refused('[]')).toMatchObject([{ path: 'Executable' }]);
    expect(refused('Executable = "";')).toEqual([{ path: 'Executable', message: 'an executable is needed' }]);
  });
});

describe('Input data', () => {
  it('is trimmed, blanks are dropped, and the prefix is added', () => {
    expect(accepted('InputData = {"  /vo/1 ", "   "}').input_data).toEqual(['LFN:/vo/1']);
    expect(accepted('InputData = {"/vo/1", "LFN:/vo/2"}').input_data).toEqual(['LFN:/vo/1', 'LFN:/vo/2']);
  });
  it('that is no LFN is refused', () => {
    expect(refused('Executable = x; InputData = "SB:/vo/1"')).toMatchObject([{ path: 'InputData' }]);
    expect(refused('Executable = x; InputData = "LFN:/vo//1"')).toMatchObject([{ path: 'InputData' }]);
  });
});

describe('The input sandbox', () => {
  it('holds files, sandboxes and LFNs', () => {
    expect(accepted('InputSandbox = {"SB:/file1", "LFN:/file2", "a b.sh"}').input_sandbox).toHaveLength(3);
    expect(refused('Executable = x; InputSandbox = {"LFN:"}')).toMatchObject([{ path: 'InputSandbox' }]);
  });
});

describe('Sites', () => {
  it('may be given as a list, or a text with commas; ANY is no condition', () => {
    expect(accepted('Site = "A, B"').sites).toEqual(['A', 'B']);
    expect(accepted('Site = {"A", "B"}').sites).toEqual(['A', 'B']);
    expect(accepted('Site = "ANY"').sites).toEqual([]);
    expect(accepted('Platform = any').platforms).toEqual([]);
  });
  it('that are banned are taken out of the wanted ones', () => {
    expect(accepted('Site = "A,B,C"; BannedSite = {"A", "b"}')).toMatchObject({ sites: ['C'], banned_sites: [] });
    expect(accepted('BannedSites = A; BannedSite = B').banned_sites).toEqual(['A', 'B']);
    expect(refused('Executable = x; Site = A; BannedSites = A')).toMatchObject([{ path: 'BannedSites' }]);
  });
});

describe('Processors, memory and tags', () => {
  it.each([
    ['', { tags: [], min_processors: 1 }],
    ['Tag = "bof"', { tags: ['bof'] }],
    ['Tags = "bof, bif"', { tags: ['bof', 'bif'] }],
    ['WholeNode = "yes"; MaxRAM = 2000', { whole_node: true, max_ram: 2000, tags: [] }],
    ['NumberOfProcessors = 1', { min_processors: 1, max_processors: 1, tags: [] }],
    ['NumberOfProcessors = 4', { min_processors: 4, max_processors: 4, tags: [] }],
    ['NumberOfProcessors = 4; MinNumberOfProcessors = 2', { min_processors: 4, max_processors: 4 }],
    ['MaxNumberOfProcessors = 12; NumberOfProcessors = 4', { min_processors: 4, max_processors: 4 }],
    ['MinNumberOfProcessors = 2; MaxNumberOfProcessors = 8', { min_processors: 2, max_processors: 8 }],
    [
      'Tags = {"4Processors", "2GB", "WholeNode", "GPU"}',
      { min_processors: 4, min_ram: 2000, whole_node: true, tags: ['GPU'] },
    ],
    ['Tags = "2GB"; MinRAM = 500', { min_ram: 500, tags: [] }],
    ['Tags = "MultiProcessor,x"; NumberOfProcessors = 4', { tags: ['x'] }],
    ['Tags = "MultiProcessor"', { tags: ['MultiProcessor'] }],
  ])('%s', (text, expected) => {
    expect(accepted(text)).toMatchObject(expected);
  });

  it('in the GB of old times are refused with a hint', () => {
    expect(refused('Executable = x; MaxRAM = 2')).toEqual([
      { path: 'MaxRAM', message: 'MaxRAM is in MB; it was in GB once: 2 GB are written 2000' },
    ]);
  });
  it('make sense together', () => {
    const text = 'Executable = x; MinNumberOfProcessors = 4; MaxNumberOfProcessors = 2';
    expect(refused(text)).toMatchObject([{ path: 'MaxNumberOfProcessors' }]);
  });
});

describe('The log level', () => {
  it('is known, in any case', () => {
    expect(accepted('LogLevel = debug').log_level).toBe('DEBUG');
    expect(refused('Executable = x; LogLevel = DEBUGGG')).toMatchObject([{ path: 'LogLevel' }]);
  });
});

describe('The environment', () => {
  it('keeps everything after the first =', () => {
    expect(accepted('ExecutionEnvironment = {"A=b=c", "EMPTY="}').environment).toEqual({ A: 'b=c', EMPTY: '' });
    expect(refused('Executable = x; ExecutionEnvironment = {"A"}')).toMatchObject([{ path: 'ExecutionEnvironment' }]);
  });
});

describe('Parameters', () => {
  it('are lists or numbers, with or without a name', () => {
    const text = `Parameters = {"a", 1, {"x", "y"}}; Parameters.B = 3; ParameterStart.B = 1.5; ParameterStep.B = 2`;
    expect(accepted(text).parametric).toEqual({
      values: ['a', '1', ['x', 'y']],
      named: { B: { count: 3, start: 1.5, step: 2, factor: 1 } },
    });
  });
  it('of different lengths, of no length, or without numbers are refused', () => {
    expect(refused('Executable = x; Parameters.A = 3; Parameters.B = {1,2}')).toMatchObject([{ path: 'Parameters' }]);
    expect(refused('Executable = x; Parameters = 0')).toMatchObject([{ path: 'Parameters' }]);
    expect(refused('Executable = x; Parameters = {}')).toMatchObject([{ path: 'Parameters' }]);
    expect(refused('Executable = x; ParameterStart = 1')).toMatchObject([{ path: 'ParameterStart' }]);
    expect(refused('Executable = x; Parameters = 2; ParameterStep = a')).toMatchObject([{ path: 'ParameterStep' }]);
  });
});

describe('The table of attributes', () => {
  it('is found by name and alias, and names JSON keys for JDL users', () => {
    expect(findJdlAttribute('tag')?.key).toBe('tags');
    expect(findJdlAttribute('parameters.a')?.key).toBe('parametric');
    expect(findJdlAttribute('site.a')).toBeUndefined();
    expect(jdlNameOf('cpu_work')).toBe('CPUTime');
    expect(jdlNameOf('min_processors')).toBe('NumberOfProcessors');
  });
  it('is printed as a Markdown table', () => {
    expect(describeAttributes()).toContain('| `Site`, `Sites` | `sites` | list |  | any |');
  });
});
