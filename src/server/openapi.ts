import { z } from 'zod';
import { accessRules, type AnyEndpoint, refusals } from '../contract/index.js';

type Json = Record<string, unknown>;

/** The OpenAPI 3.1 document of these endpoints. */
export function openApi(endpoints: readonly AnyEndpoint[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const endpoint of endpoints.filter(({ hidden }) => hidden !== true)) {
    const path = endpoint.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operation(endpoint) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Pilotage',
      version,
      description:
        'Workload management: jobs are submitted once, pilots pull and run them. A superset of the REST API of DiracX.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: errorSchemas,
      responses: {
        detail: refusalResponse('application/json', 'Detail'),
        problem: refusalResponse('application/problem+json', 'Problem'),
      },
    },
  };
}

function operation(endpoint: AnyEndpoint): Json {
  const { name, access, summary, dialect, body } = endpoint;
  const parameters = [...parametersOf(endpoint.params, 'path'), ...parametersOf(endpoint.query, 'query')];
  return {
    operationId: name,
    tags: [name.split('.')[0]],
    summary,
    description: `Who: ${accessRules[access]}.`,
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: {
        required: !body.safeParse(undefined).success,
        content: { 'application/json': { schema: schemaOf(body, 'input') } },
      },
    }),
    responses: {
      [endpoint.status]: success(endpoint),
      default: { $ref: `#/components/responses/${dialect === 'diracx' ? 'detail' : 'problem'}` },
    },
    security: access === 'public' ? [] : [{ token: [] }],
  };
}

function success({ reply, status }: AnyEndpoint): Json {
  const description = status === 204 ? 'Done' : 'Success';
  if (reply === undefined) return { description };
  return { description, content: { 'application/json': { schema: schemaOf(reply, 'output') } } };
}

function parametersOf(schema: z.ZodType | undefined, place: 'path' | 'query'): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-2020-12' });
  return json;
}

function refusalResponse(type: string, schema: string): Json {
  return {
    description: 'A refusal, with a stable code',
    content: { [type]: { schema: { $ref: `#/components/schemas/${schema}` } } },
  };
}

const problems = {
  type: 'array',
  items: {
    type: 'object',
    required: ['path', 'message'],
    properties: { path: { type: 'string' }, message: { type: 'string' } },
  },
};
const code = { type: 'string', enum: Object.keys(refusals) };

const errorSchemas = {
  Detail: { type: 'object', required: ['detail', 'code'], properties: { detail: {}, code, problems } },
  Problem: {
    type: 'object',
    required: ['type', 'title', 'status', 'detail', 'code'],
    properties: {
      type: { type: 'string' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      code,
      problems,
    },
  },
};
