import { randomBytes } from 'node:crypto'
import { explainListenError } from '../listen.js'
import { streamSockets } from '../socket/sockets.js'
import type { StreamSocket } from '../socket/stream-socket.js'
import { Cable, type CableHandlers } from './cable.js'
import { type CableIdentity, NONCE_BYTES } from './cable-hello.js'

/** Two jumbo packets; while somebody keeps some of what was read, all of the buffer stays. */
const READ_BUFFER_BYTES = 128 * 1024
/** Connections that have not proved themselves yet; more are turned away at once. */
const OPENING_MAX = 128

export interface CableListenOptions {
  readonly address: string
  readonly port: number
  readonly key: Uint8Array
  readonly name: string
  /** Decides by name and port whether an LB may plug in here; a string is the reason why not. */
  readonly admit: (peer: CableIdentity) => string | undefined
  /** Makes the handlers of one cable. `onDown` of a cable that never came up is reported to `onRefused` instead. */
  readonly handlers: () => CableHandlers
  readonly onRefused: (remote: string, reason: string) => void
}

export interface CableListener {
  /** Stops listening and unplugs all cables. */
  close(): Promise<void>
}

/** Listens for cables. Rejects when the address can't be bound. */
export async function listenCables(options: CableListenOptions): Promise<CableListener> {
  const cables = new Set<Cable>()
  let opening = 0

  const accept = (socket: StreamSocket): void => {
    const remote = `${socket.remoteAddress}:${socket.remotePort}`
    if (opening >= OPENING_MAX) {
      socket.destroy()
      options.onRefused(remote, 'too many connections are opening')
      return
    }
    opening++
    const handlers = options.handlers()
    let cameUp = false
    const cable = new Cable(
      socket,
      READ_BUFFER_BYTES,
      {
        side: 'listener',
        key: options.key,
        nonce: randomBytes(NONCE_BYTES),
        name: options.name,
        admit: options.admit,
      },
      {
        ...handlers,
        onUp: (up) => {
          cameUp = true
          opening--
          handlers.onUp(up)
        },
        onDown: (down, reason) => {
          cables.delete(cable)
          if (cameUp) return handlers.onDown(down, reason)
          opening--
          options.onRefused(remote, reason)
        },
      },
    )
    cables.add(cable)
  }

  const { address, port } = options
  const listener = await streamSockets()
    .listen({ address, port, onConnection: accept })
    .catch((error: NodeJS.ErrnoException) => {
      throw new Error(explainListenError(error, address, port))
    })
  return {
    close() {
      const closed = listener.close()
      for (const cable of cables) cable.close('closed by its owner')
      return closed
    },
  }
}
