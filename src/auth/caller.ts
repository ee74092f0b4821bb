import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Principal } from './principals.js';

const callers = new WeakMap<FastifyRequest, Principal>();

/** Remembers who makes a request. */
export function setCaller(request: FastifyRequest, principal: Principal): void {
  callers.set(request, principal);
}

/**
 * Who calls: a {@link Principal} of the kind that the endpoint's access rule admits. The guard has seen to that, so a
 * handler declares its parameter as `UserPrincipal`, `PilotPrincipal` or `AttemptPrincipal`.
 */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const principal = callers.get(context.switchToHttp().getRequest<FastifyRequest>());
  if (principal === undefined) throw new Error('A public endpoint has no caller');
  return principal;
});
