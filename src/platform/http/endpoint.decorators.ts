import {
  applyDecorators,
  createParamDecorator,
  type ExecutionContext,
  HttpCode,
  RequestMapping,
  RequestMethod,
  SetMetadata,
} from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { type AnyEndpoint, type Problem, Refusal } from '../../contract/index.js';

/** Metadata key under which a handler carries its endpoint. */
export const ENDPOINT = 'pilotage:endpoint';

const methods = {
  GET: RequestMethod.GET,
  POST: RequestMethod.POST,
  PUT: RequestMethod.PUT,
  PATCH: RequestMethod.PATCH,
  DELETE: RequestMethod.DELETE,
};

/** Makes a controller method the handler of an endpoint of the contract: route, status, access rule and error dialect. */
export function Handles(endpoint: AnyEndpoint): MethodDecorator {
  return applyDecorators(
    RequestMapping({ path: endpoint.path, method: methods[endpoint.method] }),
    HttpCode(endpoint.status),
    SetMetadata(ENDPOINT, endpoint),
    RouteConfig({ endpoint }),
  );
}

/** A failed validation in DiracX's form: each item says where (`loc`), what (`msg`) and why (`type`). */
export function refuseInput(where: string, found: z.core.$ZodIssue[]): Refusal {
  const issues = found.flatMap(alternativesOf).slice(0, 100);
  const problems: Problem[] = issues.map((issue) => ({
    path: [where, ...issue.path].join('.'),
    message: issue.message,
  }));
  const body = issues.map((issue) => {
    const isMissing = issue.code === 'invalid_type' && issue.input === undefined;
    return {
      type: isMissing ? 'missing' : issue.code,
      loc: [where, ...issue.path],
      msg: isMissing ? 'Field required' : issue.message,
      input: issue.input ?? null,
    };
  });
  const first = problems[0];
  return new Refusal('invalid-request', first === undefined ? undefined : `${first.path}: ${first.message}`, {
    problems,
    body,
  });
}

/** What fits none of several forms is told what each of them misses in it. */
function alternativesOf(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const inner = issue.errors.flat().map((one) => ({ ...one, path: [...issue.path, ...one.path] }));
  return inner.flatMap(alternativesOf);
}

function parse(schema: z.ZodType | undefined, where: string, value: unknown): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value, { reportInput: true });
  if (!parsed.success) throw refuseInput(where, parsed.error.issues);
  return parsed.data;
}

/** The checked input of an endpoint: `{ params, query, body }`, each by its schema. */
export const Input = createParamDecorator((endpoint: AnyEndpoint, context: ExecutionContext) => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return {
    params: parse(endpoint.params, 'path', request.params),
    query: parse(endpoint.query, 'query', request.query),
    body: parse(endpoint.body, 'body', request.body ?? undefined),
  };
});
