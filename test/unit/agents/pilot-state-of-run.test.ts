import { describe, expect, it } from '@jest/globals';
import { stepOf } from '../../../src/agents/pilot-monitor/pilot-state-of-run.js';

const waiting = { status: 'Waiting' as const, contacted: false, unchangedFor: 10 };
const running = { status: 'Running' as const, contacted: true, unchangedFor: 10 };

describe('What the state of its run means for a pilot', () => {
  it.each([
    ['nothing new', waiting, { status: 'waiting' }, null],
    ['Running', waiting, { status: 'running' }, { to: 'Running', gone: false }],
    ['Done, and gone, after contact', running, { status: 'done', exitCode: 0 }, { to: 'Done', gone: true }],
    ['Failed, and gone, after contact', running, { status: 'failed', exitCode: 1 }, { to: 'Failed', gone: true }],
    ['Aborted, and gone, without contact', waiting, { status: 'done', exitCode: 0 }, { to: 'Aborted', gone: true }],
    ['Deleted, and gone, when it was stopped', running, { status: 'stopped' }, { to: 'Deleted', gone: true }],
    ['Unknown at first, and not gone', running, { status: 'unknown' }, { to: 'Unknown', gone: false }],
    ['nothing, if its CE still believes that it waits', running, { status: 'waiting' }, null],
  ] as const)('is %s', (_, pilot, run, step) => {
    const found = stepOf(pilot, run);
    if (step === null) expect(found).toBeNull();
    else expect(found).toMatchObject(step);
  });

  it('is Aborted when its CE has not known it for an hour; its attempts wait for their leases', () => {
    const unknown = { status: 'Unknown' as const, contacted: true };
    expect(stepOf({ ...unknown, unchangedFor: 3_600 }, { status: 'unknown' })).toBeNull();
    expect(stepOf({ ...unknown, unchangedFor: 3_601 }, { status: 'unknown' })).toMatchObject({
      to: 'Aborted',
      gone: false,
    });
  });

  it('names the reason of the CE', () => {
    const step = stepOf(running, { status: 'failed', exitCode: 9, reason: 'out of memory' });
    expect(step?.reason).toBe('Ended, says its CE: out of memory');
  });
});
