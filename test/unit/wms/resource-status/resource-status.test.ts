import { describe, expect, it } from '@jest/globals';
import type { ResourceState } from '../../../../src/contract/index.js';
import { resourcesOf, type ResourceStatus, worstOf } from '../../../../src/wms/resource-status/resource-status.js';

function aStatus(name: string, status: ResourceState): ResourceStatus {
  const common = { kind: 'site', vo: '', access: '', reason: 'why', author: 'who', expiresAt: null } as const;
  return { ...common, name, status, setAt: '2026-11-24 02:00:00.000000' };
}

describe('the verdict of several statuses', () => {
  it('is that of the worst, whatever their order', () => {
    const states = ['Active', 'Degraded', 'Probing', 'Banned'] as const;
    const verdicts = ['open', 'open', 'tests-only', 'closed'];
    for (const [at, worst] of states.entries()) {
      const given = states.slice(0, at + 1).map((status) => aStatus(status, status));
      for (const order of [given, given.toReversed()]) {
        expect(worstOf(order)).toEqual({ verdict: verdicts[at], because: aStatus(worst, worst) });
      }
    }
  });

  it('is open where nothing is set, and names the first of equally bad ones', () => {
    expect(worstOf([null, null])).toEqual({ verdict: 'open', because: null });
    expect(worstOf([null, aStatus('a', 'Banned'), aStatus('b', 'Banned')]).because?.name).toBe('a');
  });
});

describe('the resources of a place', () => {
  it('are those that it names', () => {
    expect(resourcesOf({ vo: 'lhcb', site: 'S', ce: 'c', host: 'n1', stamp: 'ab' })).toEqual([
      { kind: 'site', name: 'S' },
      { kind: 'ce', name: 'S/c' },
      { kind: 'host', name: 'S/n1' },
      { kind: 'pilot', name: 'ab' },
    ]);
    expect(resourcesOf({ vo: 'lhcb', site: 'S', ce: '', host: null })).toEqual([{ kind: 'site', name: 'S' }]);
  });
});
