import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { map, type Observable } from 'rxjs';
import type { AnyEndpoint } from '../contract/index.js';
import { ENDPOINT } from '../platform/index.js';

/** Compares every reply with the contract and fails the request when it differs. For tests: it costs time. */
export class ReplyCheck implements NestInterceptor {
  private readonly reflector = new Reflector();

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const endpoint = this.reflector.get<AnyEndpoint | undefined>(ENDPOINT, context.getHandler());
    return next.handle().pipe(
      map((reply: unknown) => {
        // A handler that answers by itself returns nothing.
        if (endpoint?.reply === undefined || reply === undefined) return reply;
        const parsed = endpoint.reply.safeParse(structuredClone(reply));
        if (!parsed.success) throw new Error(`${endpoint.name} breaks its contract: ${parsed.error.message}`);
        return reply;
      }),
    );
  }
}
