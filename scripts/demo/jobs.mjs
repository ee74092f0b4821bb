/** The jobs of the demo: which file, how many jobs it makes, and how each must end. */
export const demoJobs = [
  { file: 'hello.jdl', count: 1, ends: 'Done', contains: /^Hello from job \d+\n$/ },
  {
    file: 'parametric.jdl',
    count: 20,
    ends: 'Done',
    contains: /^(1|4|9|16|25|36|49|64|81|100|121|144|169|196|225|256|289|324|361|400)\n$/,
  },
  { file: 'sandbox.jdl', count: 1, ends: 'Done', contains: /^sorted 5 words\n$/ },
  { file: 'two-cores.jdl', count: 1, ends: 'Done', contains: /^processors=2\n$/ },
  { file: 'failing.jdl', count: 1, ends: 'Failed', contains: /^about to fail\n$/ },
  { file: 'sleeping.jdl', count: 1, ends: 'Killed' },
];
