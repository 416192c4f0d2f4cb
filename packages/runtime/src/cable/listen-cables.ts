import { randomBytes } from 'node:crypto'
import { explainListenError } from '../listen.js'
import { streamSockets } from '../socket/sockets.js'
import type { StreamSocket } from '../socket/stream-socket.js'
import { UnprovenConnections } from '../unproven-connections.js'
import { Cable, type CableHandlers } from './cable.js'
import { type CableIdentity, NONCE_BYTES } from './cable-hello.js'

/** Two jumbo packets; while somebody keeps some of what was read, all of the buffer stays. */
const READ_BUFFER_BYTES = 128 * 1024
/** Connections that have not proved themselves yet; of more, the oldest are closed. */
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
  const opening = new UnprovenConnections<Cable>({
    max: OPENING_MAX,
    timeoutMs: Number.POSITIVE_INFINITY, // a cable has a timeout of its own for it
    close: (cable, reason) => cable.close(reason),
  })

  const accept = (socket: StreamSocket): void => {
    const remote = `${socket.remoteAddress}:${socket.remotePort}`
    const handlers = options.handlers()
    let cameUp = false
    const cable: Cable = new Cable(
      socket,
      READ_BUFFER_BYTES,
      {
        side: 'listener',
        key: options.key,
        nonce: randomBytes(NONCE_BYTES),
        name: options.name,
        admit: (peer) => {
          const refusal = options.admit(peer)
          if (refusal === undefined) opening.renew(cable)
          return refusal
        },
      },
      {
        ...handlers,
        onUp: (up) => {
          cameUp = true
          opening.remove(up)
          handlers.onUp(up)
        },
        onDown: (down, reason) => {
          cables.delete(cable)
          if (cameUp) return handlers.onDown(down, reason)
          opening.remove(down)
          options.onRefused(remote, reason)
        },
      },
    )
    cables.add(cable)
    opening.add(cable)
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
