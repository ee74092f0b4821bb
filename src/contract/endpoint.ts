import type { z } from 'zod';
import type { Access } from './access.js';
import { type Traffic, usualTraffic } from './traffic.js';

/** Which error bodies a route gives: DiracX's `{detail}`, or problem details (RFC 9457). Both carry our `code`. */
export type Dialect = 'diracx' | 'pilotage';

/** One route: what goes in, what comes out, who may call it. The single source for server, clients and OpenAPI. */
export interface Endpoint<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Reply extends z.ZodType = z.ZodType,
> {
  /** Unique name, `<area>.<verb>`; the operationId of OpenAPI. */
  name: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with `:name` parameters, from the site root. */
  path: string;
  access: Access;
  /** Which limits count its calls. */
  traffic: Traffic;
  summary: string;
  dialect: Dialect;
  /** Status of success. */
  status: number;
  params?: Params;
  query?: Query;
  body?: Body;
  /** Schema of the reply; absent for streams, files and empty replies. */
  reply?: Reply;
  /** Its bodies are about many jobs: they may be larger than 1 MiB, and few large ones are read at once. */
  manyJobs?: boolean;
  /** A POST or PATCH that the server recognises when it comes again: a client may repeat it when no answer came. */
  repeatable?: true;
  /** The path as Fastify and OpenAPI need it when it has a trailing slash or the like. */
  hidden?: boolean;
}

type Defaulted = 'dialect' | 'status' | 'traffic';

/** Declares a route. `dialect` is `pilotage`, `status` is 200, `traffic` follows from access and method unless said. */
export function endpoint<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Reply extends z.ZodType,
>(
  declared: Omit<Endpoint<Params, Query, Body, Reply>, Defaulted> & Partial<Pick<Endpoint, Defaulted>>,
): Endpoint<Params, Query, Body, Reply> {
  return { dialect: 'pilotage', status: 200, traffic: usualTraffic(declared), ...declared };
}

/** Any route, where its types do not matter. */
export type AnyEndpoint = Endpoint;

export type ParamsOf<E> = E extends Endpoint<infer P, z.ZodType, z.ZodType, z.ZodType> ? z.output<P> : never;
export type QueryOf<E> = E extends Endpoint<z.ZodType, infer Q, z.ZodType, z.ZodType> ? z.output<Q> : never;
export type BodyOf<E> = E extends Endpoint<z.ZodType, z.ZodType, infer B, z.ZodType> ? z.output<B> : never;
export type ReplyOf<E> = E extends Endpoint<z.ZodType, z.ZodType, z.ZodType, infer R> ? z.output<R> : never;

/** What a caller gives: each part as the schema's input. */
export interface CallInput<E> {
  params?: E extends Endpoint<infer P, z.ZodType, z.ZodType, z.ZodType> ? z.input<P> : never;
  query?: E extends Endpoint<z.ZodType, infer Q, z.ZodType, z.ZodType> ? z.input<Q> : never;
  body?: E extends Endpoint<z.ZodType, z.ZodType, infer B, z.ZodType> ? z.input<B> : never;
}
