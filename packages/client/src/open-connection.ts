import { echoPayload } from './echo-payload.js'
import { HttpConnection, type HttpRequest } from './http-connection.js'
import type { ProbeConnection, ProbeConnectionOptions } from './probe-connection.js'
import { TcpEchoConnection } from './tcp-echo-connection.js'
import { UdpEchoConnection } from './udp-echo-connection.js'

/** Payload of an echo unless a size is given, bytes. */
const ECHO_BYTES = 64
const HTTP_PORT = 80

/** Requests to a target and their responses. */
export interface Exchange {
  /**
   * `http:`, `tcp:` for an echo over raw TCP, or `udp:` for an echo over UDP; the latter two have a
   * port.
   */
  readonly url: URL
  /** Body of each request, or payload of each echo, bytes. */
  readonly bodyUpBytes?: number
  /** Body of each response of a backend, bytes; only for `http:` and the path `/`. */
  readonly bodyDownBytes?: number
}

/** Opens a connection of a probe. @param isSingleUse true for one request per connection */
export type OpenConnection = (
  common: Omit<ProbeConnectionOptions, 'host' | 'port'>,
  isSingleUse: boolean,
) => ProbeConnection

/**
 * Returns the function that opens connections to a target, by the scheme of its URL. They share
 * what they send.
 */
export function connectionOpener(exchange: Exchange): OpenConnection {
  const { url, bodyUpBytes } = exchange
  const at = { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port || HTTP_PORT) }
  switch (url.protocol) {
    case 'udp:': {
      const payload = echoPayload(bodyUpBytes ?? ECHO_BYTES)
      return (common) => new UdpEchoConnection({ ...common, ...at, payload })
    }
    case 'tcp:': {
      const payload = echoPayload(bodyUpBytes ?? ECHO_BYTES)
      return (common, isSingleUse) => new TcpEchoConnection({ ...common, ...at, payload, isSingleUse })
    }
    default: {
      const { origin } = url
      const request = requestOf(exchange)
      return (common, isSingleUse) => new HttpConnection({ ...common, ...at, origin, request, isSingleUse })
    }
  }
}

/**
 * Returns the request whose response has the wanted size. At the path `/` it is one of the routes
 * of a backend: `/bytes/:n` for a body down, `/sink` for a body up alone.
 */
function requestOf({ url, bodyUpBytes, bodyDownBytes }: Exchange): HttpRequest {
  const path = url.pathname + url.search
  const isBackend = path === '/'
  const down = bodyDownBytes === undefined ? undefined : `/bytes/${bodyDownBytes}`
  if (bodyUpBytes === undefined) return { method: 'GET', path: isBackend ? (down ?? path) : path }
  const body = Buffer.alloc(bodyUpBytes, 'fivetuple ')
  return { method: 'POST', path: isBackend ? (down ?? '/sink') : path, body }
}
