import { describe, expect, it } from '@jest/globals';
import { ComputingElements } from '../../../src/agents/computing-elements.js';
import { aConfiguration } from '../../support/configuration.js';
import { FakeCe } from '../../agents/support.js';

describe('The CEs of the agents', () => {
  const opened: FakeCe[] = [];
  const elements = new ComputingElements({ dataDir: 'unused', record: () => undefined }, (name) => ({
    name,
    check: () => [],
    token: () => null,
    open: async () => {
      const ce = new FakeCe();
      opened.push(ce);
      return ce;
    },
  }));
  const at = { site: 'Demo.Local', ce: 'local' };

  it('are opened once, and again when their settings change', async () => {
    const first = await elements.get(aConfiguration(), at);
    expect(await elements.get(aConfiguration(), at)).toBe(first);
    const changed = aConfiguration({ sites: { 'Demo.Local': { ces: { local: { settings: { slots: 9 } } } } } });
    expect(await elements.get(changed, at)).not.toBe(first);
    expect(opened).toHaveLength(2);
  });

  it('are missed with a clear sentence when the configuration has them no more', async () => {
    await expect(elements.get(aConfiguration(), { site: 'Demo.Local', ce: 'gone' })).rejects.toMatchObject({
      kind: 'protocol',
      message: 'The configuration has no CE gone at Demo.Local (any more)',
    });
  });
});
