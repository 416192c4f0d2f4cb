import { randomBytes } from 'node:crypto'
import { Backoff } from '../backoff.js'
import { streamSockets } from '../socket/sockets.js'
import { Cable, type CableHandlers } from './cable.js'
import { NONCE_BYTES } from './cable-hello.js'

/** Largest read, bytes: a full queue of the kernel is emptied in few calls. */
const READ_BUFFER_BYTES = 256 * 1024
const REDIAL_FIRST_MS = 25
const REDIAL_MAX_MS = 250

export interface DialOptions {
  readonly localAddress: string
  readonly address: string
  readonly port: number
  readonly key: Uint8Array
  /** Own name, and the port of the switch that the cable belongs to. */
  readonly name: string
  readonly switchPort: number
  /** Name that the other end must show. */
  readonly peerName: string
  readonly handlers: CableHandlers
}

/** A cable that is plugged in again when it is lost, until {@link CableDialler.close}. */
export interface CableDialler {
  close(): void
}

/** Plugs a cable into a switch. A lost connection is dialled again after 25 to 250 ms. */
export function dialCable(options: DialOptions): CableDialler {
  const sockets = streamSockets()
  let closed = false
  let cable: Cable | undefined
  let redialTimer: NodeJS.Timeout | undefined
  const backoff = new Backoff({ firstMs: REDIAL_FIRST_MS, maxMs: REDIAL_MAX_MS })

  const dial = (): void => {
    redialTimer = undefined
    const { address, port, localAddress } = options
    cable = new Cable(
      sockets.dial({ address, port, localAddress }),
      READ_BUFFER_BYTES,
      {
        side: 'dialler',
        key: options.key,
        nonce: randomBytes(NONCE_BYTES),
        name: options.name,
        port: options.switchPort,
        admit: ({ name }) =>
          name === options.peerName ? undefined : `the other end is ${name}, not ${options.peerName}`,
      },
      {
        ...options.handlers,
        onUp: (up) => {
          backoff.reset()
          options.handlers.onUp(up)
        },
        onDown: (down, reason) => {
          cable = undefined
          options.handlers.onDown(down, reason)
          if (closed) return
          redialTimer = setTimeout(dial, backoff.next())
        },
      },
    )
  }
  dial()

  return {
    close() {
      closed = true
      clearTimeout(redialTimer)
      cable?.close('closed by its owner')
    },
  }
}
