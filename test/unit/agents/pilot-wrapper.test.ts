import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { renderWrapper } from '../../../src/agents/site-director/pilot-wrapper.js';

const values = {
  server: 'https://example.org/',
  stamp: 'a'.repeat(32),
  secret: 's',
  bundle: { name: 'p.mjs', sha256: 'b' },
};

describe('the pilot wrapper script', () => {
  it('holds its values as they are, however they look, and exports the settings only', () => {
    const nasty = `it's "$HOME" \`id\` $(id) \\ # ; & \n two lines $& $'`;
    const template =
      '#!/bin/sh\n# @PILOTAGE_HEADER@\nprintf "%s" "$PILOTAGE_SECRET"; echo; env | grep -c PILOTAGE_SECRET; echo "$PILOTAGE_SERVER"; env | grep PILOT_MEM\n';
    const script = renderWrapper(template, { ...values, secret: nasty, settings: { PILOTAGE_PILOT_MEMORY: '12' } });
    const output = execFileSync('sh', ['-c', script], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } });
    expect(output).toBe(`${nasty}\n0\nhttps://example.org\nPILOTAGE_PILOT_MEMORY=12\n`);
  });

  it('is not made from a template without a place for the values, nor with settings that are none', () => {
    expect(() => renderWrapper('#!/bin/sh\n', values)).toThrow('the template has no line');
    expect(() => renderWrapper('\n# @PILOTAGE_HEADER@\n', { ...values, settings: { 'A;rm -rf /': 'x' } })).toThrow(
      'no setting of the pilot',
    );
  });
});
