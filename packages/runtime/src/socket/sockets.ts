import { netSockets } from './net-sockets.js'
import type { StreamSockets } from './stream-socket.js'
import { uvSockets } from './uv-sockets.js'

/** Environment variable: `net` selects the slower sockets of `node:net`, to find faults. */
const CHOICE = 'FIVETUPLE_SOCKETS'

/** Returns the fastest sockets that this Node.js has. */
export function streamSockets(): StreamSockets {
  return (process.env[CHOICE] === 'net' ? undefined : uvSockets()) ?? netSockets()
}
