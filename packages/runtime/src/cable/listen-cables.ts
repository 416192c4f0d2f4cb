import { randomBytes } from 'node:crypto'
import { explainListenError } from '../listen.js'
import { streamSockets } from '../socket/sockets.js'
import type { StreamSocket } from '../socket/stream-socket.js'
import { UnprovenConnections } from '../unproven-connections.js'
import { Cable, type CableHandlers } from './cable.js'
import { type CableIdentity, NONCE_BYTES } from './cable-hello.js'

/** Two jumbo packets: a buffer stays in memory while any of its packets is kept. */
const READ_BUFFER_BYTES = 128 * 1024
/** Largest number of connections that have not proved themselves; the oldest are closed. */
const OPENING_MAX = 128

export interface CableListenOptions {
  readonly address: string
  readonly port: number
  readonly key: Uint8Array
  readonly name: string
  /** Decides by name and port if an LB may plug in; a string is the reason of a refusal. */
  readonly admit: (peer: CableIdentity) => string | undefined
  /**
   * Returns the handlers of one cable. If a cable never came up, `onRefused` is called instead of
   * its `onDown`.
   */
  readonly handlers: () => CableHandlers
  readonly onRefused: (remote: string, reason: string) => void
}

export interface CableListener {
  /** Stops listening and unplugs all cables. */
  close(): Promise<void>
}

/** Listens for cables. Rejects if the address can't be bound. */
export async function listenCables(options: CableListenOptions): Promise<CableListener> {
  const cables = new Set<Cable>()
  const opening = new UnprovenConnections<Cable>({
    max: OPENING_MAX,
    timeoutMs: Number.POSITIVE_INFINITY, // each cable has its own timeout
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
