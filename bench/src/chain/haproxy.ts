import { type ChainHop, endpointOf } from './hop.js'

/** Sockets besides connections: listeners, logs, epoll. */
const SPARE_FILES = 100
/** Limit of connections, enough for every case. Each takes memory only when it is used. */
const MAXCONN_MAX = 20_000

/**
 * Returns the configuration of one HAProxy process of a chain: `mode tcp`, one thread, buffers of
 * the default size, no log, no health checks.
 *
 * @param files limit of its open files: a connection needs two
 */
export function haproxyConfig({ address, entries }: ChainHop, files: number): string {
  const maxconn = Math.min(MAXCONN_MAX, Math.floor((files - SPARE_FILES) / 2))
  const listeners = entries.filter(({ protocol }) => protocol === 'tcp')
  return `global
  nbthread 1
  maxconn ${maxconn}

defaults
  mode tcp
  maxconn ${maxconn}
  timeout connect 5s
  timeout client 5m
  timeout server 5m
${listeners
  .map(
    ({ name, port, next }) => `
listen ${name}
  bind ${endpointOf({ address, port })} backlog 4096
  server next ${endpointOf(next)}
`,
  )
  .join('')}`
}
