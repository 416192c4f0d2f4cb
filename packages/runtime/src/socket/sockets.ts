import { netSockets } from './net-sockets.js'
import type { StreamSockets } from './stream-socket.js'
import { uvSockets } from './uv-sockets.js'

/** Set to `net`, sockets are those of `node:net` wherever this runs: slower, should the fast ones ever be in doubt. */
const CHOICE = 'FIVETUPLE_SOCKETS'

/** The fastest sockets that this Node.js has. */
export function streamSockets(): StreamSockets {
  return (process.env[CHOICE] === 'net' ? undefined : uvSockets()) ?? netSockets()
}
