import Type from 'typebox'
import { openApiDocument } from '../openapi.js'
import { type Route, route } from '../route.js'

/** The document that describes all of these. */
export function openApiRoute(routes: () => readonly Route[]): Route {
  return route({
    method: 'GET',
    path: '/v1/openapi.json',
    summary: 'This API as an OpenAPI document.',
    response: Type.Unsafe<object>({ type: 'object' }),
    handle: async () => openApiDocument(routes()),
  })
}
