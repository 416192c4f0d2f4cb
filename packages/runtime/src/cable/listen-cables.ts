import { randomBytes } from 'node:crypto'
import { createServer, type Socket } from 'node:net'
import { listenExclusive } from '../listen.js'
import { Cable, type CableHandlers } from './cable.js'
import { type CableIdentity, NONCE_BYTES } from './cable-hello.js'

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

  const accept = (socket: Socket): void => {
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
      {
        side: 'listener',
        key: options.key,
        nonce: randomBytes(NONCE_BYTES),
        name: options.name,
        admit: options.admit,
      },
      {
        onUp: (up) => {
          cameUp = true
          opening--
          handlers.onUp(up)
        },
        onPackets: handlers.onPackets,
        onUnblocked: handlers.onUnblocked,
        onDown: (down, reason) => {
          cables.delete(cable)
          if (cameUp) return handlers.onDown(down, reason)
          opening--
          options.onRefused(remote, reason)
        },
      },
    )
    cables.add(cable)
    socket.on('data', (chunk: Buffer) => cable.receive(chunk, 0, chunk.length))
  }

  const server = createServer(accept)
  await listenExclusive(server, options.address, options.port)
  return {
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const cable of cables) cable.close('closed by its owner')
      return closed
    },
  }
}
