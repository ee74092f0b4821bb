import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { server } from '../../src/contract/index.js';
import { startServer, type TestServer } from '../support/server.js';

let running: TestServer;
beforeAll(async () => {
  running = await startServer();
});
afterAll(() => running.close());

const userinfo = server.userinfo.path;
const get = (path: string, headers: Record<string, string> = {}) => fetch(`${running.url}${path}`, { headers });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('the well-known documents', () => {
  it('show the public keys, with which anybody can verify a token', async () => {
    const { reply } = await running.call(server.jwks);
    expect(reply.keys).toHaveLength(1);
    expect(reply.keys[0]).toMatchObject({ kty: 'OKP', crv: 'Ed25519', alg: 'Ed25519' });
    expect(reply.keys[0]).not.toHaveProperty('d');
    const { payload, protectedHeader } = await jwtVerify(
      running.tokenFor(),
      createLocalJWKSet(reply as unknown as JSONWebKeySet),
      { issuer: running.config.publicUrl, audience: 'pilotage' },
    );
    expect(protectedHeader).toEqual({ typ: 'JWT', alg: 'Ed25519', kid: reply.keys[0]?.kid });
    expect(payload).toMatchObject({
      sub: 'lhcb:alice',
      vo: 'lhcb',
      dirac_group: 'lhcb_user',
      dirac_properties: ['NormalUser'],
      preferred_username: 'alice',
      dirac_policies: {},
    });
    expect(payload.jti).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('list the VOs with their groups, as DiracX does', async () => {
    const { reply } = await running.call(server.metadata);
    expect(reply.virtual_organizations.biomed).toEqual({
      groups: {
        biomed_user: { properties: ['NormalUser'] },
        biomed_admin: { properties: ['JobAdministrator', 'ServiceAdministrator'] },
        biomed_jobs: { properties: ['JobAdministrator'] },
      },
      support: { message: 'Please contact system administrator', webpage: null, email: null },
      default_group: 'biomed_user',
    });
  });
});

describe('a request with a token', () => {
  it('learns who it comes from', async () => {
    const { reply } = await running.call(server.userinfo, {}, running.tokenFor({ group: 'lhcb_prod' }));
    expect(reply).toEqual({
      sub: 'lhcb:alice',
      vo: 'lhcb',
      dirac_group: 'lhcb_prod',
      policies: {},
      properties: ['NormalUser', 'JobSharing'],
      preferred_username: 'alice',
    });
  });

  it('is refused without the header, as DiracX does', async () => {
    const reply = await get(userinfo);
    expect(reply.status).toBe(401);
    expect(reply.headers.get('www-authenticate')).toBe('Bearer');
    expect(await reply.json()).toMatchObject({ detail: 'Authorization header is missing', code: 'missing-token' });
  });

  it.each(['Basic x', 'bearer abc', 'Bearer', 'Bearer a b'])('is refused with the header %j', async (authorization) => {
    const reply = await get(userinfo, { authorization });
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ detail: 'Invalid authorization header' });
  });

  it('is refused with a token that is none, expired, altered, unsigned or of another server', async () => {
    const good = running.tokenFor();
    const [header = '', payload = '', signature = ''] = good.split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const altered = Buffer.from(
      Buffer.from(payload, 'base64url').toString().replace('"NormalUser"', '"JobAdministrator"'),
    ).toString('base64url');
    const expired = running.tokenFor({ lifetime: -1 });
    const bad = ['x', `${none}.${payload}.`, `${header}.${altered}.${signature}`, expired, `${good}x`];
    for (const token of bad) {
      const reply = await get(userinfo, bearer(token));
      expect(reply.status).toBe(401);
      expect(reply.headers.get('www-authenticate')).toBeNull();
      expect(await reply.json()).toMatchObject({ detail: 'Invalid JWT', code: 'invalid-token' });
    }
  });

  it('is refused where the rule does not admit its holder', async () => {
    const pilot = running.tokens.forPilot({ vo: 'lhcb', stamp: 'a'.repeat(32) }, 60).token;
    const reply = await get(userinfo, bearer(pilot));
    expect(reply.status).toBe(403);
    expect(await reply.json()).toMatchObject({ detail: 'Forbidden', code: 'forbidden' });
  });
});
