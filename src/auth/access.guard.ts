import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { type AnyEndpoint, Refusal } from '../contract/index.js';
import { addLogFields, ENDPOINT } from '../platform/index.js';
import { CallRates } from './call-rates.js';
import { setCaller } from './caller.js';
import { mayCall, whyForbidden } from './policies.js';
import type { Principal } from './principals.js';
import { Tokens } from './tokens.js';

/** Enforces the access rule and the rate of every endpoint, before its input is checked. A handler without an endpoint is refused. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: Tokens,
    private readonly rates: CallRates,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const endpoint = this.reflector.get<AnyEndpoint | undefined>(ENDPOINT, context.getHandler());
    if (endpoint === undefined) throw new Error(`${context.getHandler().name} handles no endpoint of the contract`);
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (endpoint.access === 'public') {
      await this.rates.countStranger(endpoint.traffic, request.ip);
      return true;
    }
    const principal = await this.tokens.verify(bearerToken(request.headers.authorization));
    addLogFields(logFieldsOf(principal));
    this.rates.count(endpoint.traffic, principal);
    if (!mayCall(endpoint.access, principal)) {
      throw new Refusal('forbidden', whyForbidden(endpoint.access));
    }
    setCaller(request, principal);
    return true;
  }
}

/** The token of an Authorization header. Throws Refusals `missing-token` and `malformed-authorization`. */
export function bearerToken(header: string | undefined): string {
  if (header === undefined) throw new Refusal('missing-token', 'Authorization header is missing');
  const match = /^Bearer (\S+)$/.exec(header);
  if (match?.[1] === undefined) throw new Refusal('malformed-authorization', 'Invalid authorization header');
  return match[1];
}

function logFieldsOf(principal: Principal): Record<string, unknown> {
  switch (principal.kind) {
    case 'user':
      return { vo: principal.vo, user: principal.username, group: principal.group };
    case 'pilot':
      return { vo: principal.vo, stamp: principal.stamp };
    case 'attempt':
      return { vo: principal.vo, stamp: principal.stamp, jobId: principal.jobId, attempt: principal.attempt };
  }
}
