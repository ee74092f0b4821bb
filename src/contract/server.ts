import { z } from 'zod';
import { endpoint } from './endpoint.js';

const dialect = 'diracx' as const;

/** Well-known documents, health, and the files that start pilots. */
export const server = {
  jwks: endpoint({
    name: 'wellKnown.jwks',
    method: 'GET',
    path: '/.well-known/jwks.json',
    access: 'public',
    summary: 'Public keys with which the tokens of this server are signed',
    dialect,
    reply: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }),
  }),
  metadata: endpoint({
    name: 'wellKnown.metadata',
    method: 'GET',
    path: '/.well-known/dirac-metadata',
    access: 'public',
    summary: 'The VOs and their groups',
    dialect,
    reply: z.object({ virtual_organizations: z.record(z.string(), z.unknown()) }),
  }),
  userinfo: endpoint({
    name: 'auth.userinfo',
    method: 'GET',
    path: '/api/auth/userinfo',
    access: 'user',
    summary: 'Who the token says that you are',
    dialect,
    reply: z.object({
      sub: z.string(),
      vo: z.string(),
      dirac_group: z.string(),
      policies: z.record(z.string(), z.unknown()),
      properties: z.array(z.string()),
      preferred_username: z.string(),
    }),
  }),
  live: endpoint({
    name: 'health.live',
    method: 'GET',
    path: '/api/health/live',
    access: 'public',
    summary: 'The process answers',
    dialect,
    reply: z.object({ status: z.string() }),
  }),
  ready: endpoint({
    name: 'health.ready',
    method: 'GET',
    path: '/api/health/ready',
    access: 'public',
    summary: 'Database and Redis answer, migrations are applied, a configuration is loaded',
    dialect,
    reply: z.object({ status: z.string() }),
  }),
  startup: endpoint({
    name: 'health.startup',
    method: 'GET',
    path: '/api/health/startup',
    access: 'public',
    summary: 'The server has started',
    dialect,
    reply: z.object({ status: z.string() }),
  }),
  openapi: endpoint({
    name: 'openapi.document',
    method: 'GET',
    path: '/api/openapi.json',
    access: 'public',
    summary: 'This document',
  }),
  pilotFile: endpoint({
    name: 'pilotFiles.fetch',
    method: 'GET',
    path: '/api/pilot-files/:sha256/:name',
    access: 'public',
    summary: 'The pilot bundle or the runtime, by content hash',
    params: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), name: z.string().max(64) }),
  }),
} as const;
