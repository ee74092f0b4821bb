import { describe, expect, it } from '@jest/globals';
import { limitReasons } from '../../../../src/wms/explain/limits-in-force.js';
import type { LimitState } from '../../../../src/wms/limits/limit-states.js';

const limit = (more: Partial<LimitState>): LimitState => ({
  key: 'k',
  scope: {},
  maximum: 3,
  window: null,
  rule: 'running_limits.0',
  inUse: 3,
  freeIn: null,
  ...more,
});

describe('limits as reasons', () => {
  it('are told when they are full, each once, with the places where they hold', () => {
    const ofGroup = limit({ scope: { vo: 'lhcb', group: 'users' } });
    const free = limit({ key: 'free', inUse: 2 });
    const atSite = limit({ key: 'rate', scope: { site: 'cern', ce: 'ce1', jobType: 'user' }, window: 60, freeIn: 12 });
    expect(
      limitReasons([
        [ofGroup, free],
        [ofGroup, atSite],
      ]),
    ).toEqual([
      { code: 'limit', text: 'At most 3 jobs of group users may run at one time, and 3 do (2 of 2 places that fit)' },
      {
        code: 'limit',
        text: 'At most 3 jobs of type user at cern (ce1) may begin within 60 s; the next may in 12 s (1 of 2 places that fit)',
      },
    ]);
    expect(limitReasons([[free], [atSite]]).map(({ code }) => code)).toEqual(['limit-somewhere']);
    expect(limitReasons([[free]])).toEqual([]);
    expect(limitReasons([])).toEqual([]);
    const [own] = limitReasons([[limit({ scope: { vo: 'lhcb', owner: 'ann', subject: 's' }, maximum: 0, inUse: 0 })]]);
    expect(own?.text).toBe('No job of ann may begin: a limit is set to 0 (1 of 1 place that fits)');
    const [one] = limitReasons([[limit({ scope: { vo: 'lhcb' }, maximum: 1, inUse: 1 })]]);
    expect(one?.text).toContain('At most 1 job of VO lhcb may run at one time, and 1 does');
    const [ofVo] = limitReasons([[limit({ scope: { vo: 'lhcb' } })]]);
    expect(ofVo?.text).toContain('3 jobs of VO lhcb may');
  });
});
