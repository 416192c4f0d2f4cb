import { type Operation, type PlaceSchema, placeOf, schemaOf } from '../operations/operation.js'
import type { Registry } from '../operations/registry.js'
import { loaded } from '../operations/schemas.js'
import { SSE_TYPE, STREAM_TYPE } from './stream.js'

const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'The error and its remedy.' },
  },
}

/** Makes the OpenAPI 3.1 document of the API from the schemas that requests are checked with. */
export async function openApiDocument(operations: Registry): Promise<object> {
  const paths: Record<string, Record<string, object>> = {}
  for (const row of operations) {
    const path = row.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = {
      ...paths[path],
      [row.method.toLowerCase()]: describe(row, await loaded(row.result), await progressOf(row)),
    }
  }
  paths['/v1/openapi.json'] = {
    get: { operationId: 'openapi', summary: 'This document.', responses: responses({ type: 'object' }) },
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'fivetuple control API',
      version: '1',
      description: 'Controls one running cluster. Loopback only; every request needs the bearer token.',
    },
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      responses: {
        Problem: {
          description: 'An error (RFC 9457).',
          content: { 'application/problem+json': { schema: PROBLEM } },
        },
      },
    },
  }
}

async function progressOf({ progress }: Operation): Promise<object | undefined> {
  return progress === undefined ? undefined : loaded(progress)
}

function describe(row: Operation, result: object, progress: object | undefined): object {
  const { name, summary, parameters } = row
  const required = parameters.required ?? []
  const inUrl = Object.entries(parameters.properties).flatMap(([parameter, schema]) => {
    const place = placeOf(row, parameter)
    if (place === 'body') return []
    const isList = 'type' in schema && schema.type === 'array'
    return {
      name: parameter,
      in: place,
      required: required.includes(parameter),
      schema,
      ...(isList && { explode: false }),
    }
  })
  const body = schemaOf(row, 'body')
  return {
    operationId: name,
    summary,
    ...(inUrl.length > 0 && { parameters: inUrl }),
    ...(body && { requestBody: { required: needsBody(body), content: { 'application/json': { schema: body } } } }),
    responses: responsesOf(row, result, progress),
  }
}

function needsBody({ required, minProperties = 0 }: PlaceSchema): boolean {
  return required.length > 0 || minProperties > 0
}

function responsesOf({ isFeed }: Operation, result: object, progress: object | undefined): object {
  if (progress === undefined) return responses(result)
  return isFeed === true ? responses(progress, STREAM_TYPE, SSE_TYPE) : responses(lineOf(progress, result), STREAM_TYPE)
}

function responses(schema: object, ...types: readonly string[]): object {
  const named = types.length === 0 ? ['application/json'] : types
  return {
    200: { description: 'Done.', content: Object.fromEntries(named.map((type) => [type, { schema }])) },
    default: { $ref: '#/components/responses/Problem' },
  }
}

/** Schema of one line of a streamed response. */
function lineOf(progress: object, result: object): object {
  const only = (name: string, schema: object) => ({
    type: 'object',
    required: [name],
    properties: { [name]: schema },
    additionalProperties: false,
  })
  return {
    description: 'One line. The last one has the result, or a problem.',
    oneOf: [only('progress', progress), only('result', result), only('problem', PROBLEM)],
  }
}
