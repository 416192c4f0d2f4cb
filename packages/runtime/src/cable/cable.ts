import type { Socket } from 'node:net'
import { PacketFramer, type PacketRunHandler } from '@fivetuple/packet'
import { CableHandshake, type HandshakeOptions } from './cable-handshake.js'
import type { CableIdentity } from './cable-hello.js'
import { CableOutput } from './cable-output.js'

/** Time for the opening exchange; on loopback it takes well under a millisecond, so this only ends silent strangers. */
export const HANDSHAKE_TIMEOUT_MS = 2_000

/** What the owner of a cable's end hears. */
export interface CableHandlers {
  /** Carrier: both ends have proved themselves and packets may flow. */
  onUp(cable: Cable): void
  /** Runs of whole packets. See {@link Cable} on who owns the bytes. */
  onPackets: PacketRunHandler
  /** No carrier any more, or none was reached. Called once; after it nothing else is. */
  onDown(cable: Cable, reason: string): void
  /** The output has drained after having been blocked. */
  onUnblocked(cable: Cable): void
}

/**
 * One end of a cable: a TCP connection that carries IPv4 packets back to back. The connection being up is the carrier.
 *
 * Whole packets are handed on inside the chunk that was read. On the listening side each chunk is fresh and the handler
 * may keep it; on the dialling side the chunk is read into again, see `dialCable`.
 */
export class Cable {
  readonly output: CableOutput
  readonly #socket: Socket
  readonly #handlers: CableHandlers
  readonly #framer: PacketFramer
  readonly #handshake: CableHandshake
  #timer: NodeJS.Timeout | undefined
  #state: 'opening' | 'up' | 'down' = 'opening'
  #peer: CableIdentity | undefined
  bytesRead = 0

  constructor(socket: Socket, handshake: Omit<HandshakeOptions, 'send'>, handlers: CableHandlers) {
    this.#socket = socket
    this.#handlers = handlers
    this.#framer = new PacketFramer((b, start, end) => handlers.onPackets(b, start, end))
    this.output = new CableOutput(socket, () => handlers.onUnblocked(this))
    this.#timer = setTimeout(() => this.close('no hello within the time allowed'), HANDSHAKE_TIMEOUT_MS)
    socket.setNoDelay(true)
    socket.on('error', (error: NodeJS.ErrnoException) => this.close(error.code ?? error.message))
    socket.on('end', () => this.close('closed by the other end'))
    socket.on('close', () => this.close('closed'))
    this.#handshake = new CableHandshake({ ...handshake, send: (b) => socket.write(b) })
  }

  get isUp(): boolean {
    return this.#state === 'up'
  }

  /** What the other end said of itself; undefined before the cable is up. */
  get peer(): CableIdentity | undefined {
    return this.#peer
  }

  /** Takes bytes from the socket. For the code that opened it. */
  receive(chunk: Uint8Array, start: number, end: number): void {
    this.bytesRead += end - start
    let o = start
    if (this.#state === 'opening') {
      const step = this.#handshake.receive(chunk, start, end)
      if (step.kind === 'failed') this.close(step.reason)
      if (step.kind !== 'up') return
      o = step.rest
      this.#comeUp(step.peer)
    }
    if (this.#state === 'up' && o < end && !this.#framer.push(chunk, o, end))
      this.close('bytes that are no IPv4 packet')
  }

  /** Stops reading until {@link resume}: the other end's queue fills, and it pauses in turn. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Unplugs. What is queued is lost, as in a wire. */
  close(reason: string): void {
    if (this.#state === 'down') return
    this.#state = 'down'
    clearTimeout(this.#timer)
    this.output.close()
    this.#socket.destroy()
    this.#handlers.onDown(this, reason)
  }

  #comeUp(peer: CableIdentity): void {
    this.#state = 'up'
    this.#peer = peer
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#handlers.onUp(this)
  }
}
