import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Configurations, CurrentConfiguration } from '../../../src/configuration/index.js';
import { Refusal } from '../../../src/contract/index.js';
import { Log } from '../../../src/platform/index.js';
import { aConfigurationDocument, anyDriver } from '../../support/configuration.js';
import { freshDatabase } from '../../support/database.js';

let store: Awaited<ReturnType<typeof freshDatabase>>;
let configurations: Configurations;
const woken: unknown[] = [];
const silent = new Log('test', 'error', () => undefined);

beforeAll(async () => {
  store = await freshDatabase();
  configurations = new Configurations(store.database, { wake: (...args) => void woken.push(args) }, anyDriver);
});
afterAll(() => store.drop());

const first = aConfigurationDocument();
const second = { ...first, tokens: { access_lifetime: 600 } };

describe('configurations', () => {
  it('refuse to answer before the first was applied', async () => {
    const current = new CurrentConfiguration(store.database, silent);
    await current.refresh();
    expect(() => current.get()).toThrow(Refusal);
    expect(current.isLoaded).toBe(false);
    expect(await configurations.text()).toBeNull();
  });

  it('are numbered, and the same document changes nothing however it is laid out', async () => {
    const applied = await configurations.apply(JSON.stringify(first), 'alice');
    expect(applied).toEqual({ version: 1, changed: true });
    const reordered = Object.fromEntries(Object.entries(first).toReversed());
    expect(await configurations.apply(`# a comment\n${JSON.stringify(reordered, null, 2)}`, 'bob')).toEqual({
      version: 1,
      changed: false,
    });
    expect(woken).toEqual([['configuration', [1]]]);
  });

  it('reach the processes that hold the one before', async () => {
    const current = new CurrentConfiguration(store.database, silent);
    await current.refresh();
    expect(current.get().version).toBe(1);
    const seen: number[] = [];
    const stop = current.onChange(({ version }) => seen.push(version));
    await configurations.apply(JSON.stringify(second), 'alice');
    await current.refresh();
    await current.refresh();
    expect(current.get()).toMatchObject({ version: 2, document: { tokens: { access_lifetime: 600 } } });
    expect(seen).toEqual([2]);
    stop();
  });

  it('are kept as they were written, with their authors', async () => {
    expect(await configurations.text(1)).toEqual({ version: 1, text: JSON.stringify(first) });
    expect(await configurations.text(99)).toBeNull();
    const history = await configurations.history();
    expect(history.map(({ version, author }) => [version, author])).toEqual([
      [2, 'alice'],
      [1, 'alice'],
    ]);
    expect(history[0]?.appliedAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('leave nothing when what runs alongside fails', async () => {
    const text = JSON.stringify({ ...first, tokens: { access_lifetime: 700 } });
    const failing = configurations.apply(text, 'alice', () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect((await configurations.text())?.version).toBe(2);
  });

  it('are applied one after the other when several administrators act at once', async () => {
    const lifetimes = [801, 802, 803, 804];
    const applied = await Promise.all(
      lifetimes.map((access_lifetime) =>
        configurations.apply(JSON.stringify({ ...first, tokens: { access_lifetime } }), 'alice'),
      ),
    );
    const versions = applied.map(({ version }) => version).toSorted((a, b) => a - b);
    expect(new Set(versions).size).toBe(4);
    expect(applied.every(({ changed }) => changed)).toBe(true);
  });

  it('of a newer program are read without what this one does not know', async () => {
    const newer = JSON.stringify({ ...second, sideways: { a: 1 }, pilots: { teleport: true } });
    await store.database.execute('INSERT INTO configurations (document, sha256, author) VALUES (?, ?, ?)', [
      newer,
      'x'.repeat(64),
      'newer',
    ]);
    const current = new CurrentConfiguration(store.database, silent);
    await current.refresh();
    expect(current.get().document.tokens.access_lifetime).toBe(600);
  });

  it('that cannot be read are reported once and leave the one before in force', async () => {
    const lines: string[] = [];
    const current = new CurrentConfiguration(store.database, new Log('test', 'error', (line) => lines.push(line)));
    await current.refresh();
    const { version } = current.get();
    await store.database.execute('INSERT INTO configurations (document, sha256, author) VALUES (?, ?, ?)', [
      '{"vos": 7}',
      'y'.repeat(64),
      'broken',
    ]);
    await current.refresh();
    await current.refresh();
    expect(current.get().version).toBe(version);
    expect(lines).toHaveLength(1);
  });
});
