import { PacketReader, type PacketRunHandler } from '@fivetuple/packet'
import type { StreamSocket, StreamSocketHandlers } from '../socket/stream-socket.js'
import { CableHandshake, type HandshakeOptions } from './cable-handshake.js'
import type { CableIdentity } from './cable-hello.js'
import { CableOutput } from './cable-output.js'

/**
 * Longest opening exchange, ms. On loopback it takes less than a millisecond, so this ends only
 * connections of other programs.
 */
export const HANDSHAKE_TIMEOUT_MS = 2_000
const NO_PACKETS = 'bytes that are no IPv4 packet'

/** Handlers of the owner of a cable's end. */
export interface CableHandlers {
  /** The cable has carrier: both ends have proved themselves and packets may flow. */
  onUp(cable: Cable): void
  /** Takes a run of whole packets. See {@link Cable} for the owner of the bytes. */
  onPackets: PacketRunHandler
  /** Carrier is lost, or was never reached. Called once; no other handler is called after it. */
  onDown(cable: Cable, reason: string): void
  /** The output has drained after it was blocked. */
  onUnblocked(cable: Cable): void
  /**
   * True while all bytes that `onPackets` has taken are free again; called after each read. The
   * next read then reuses the memory, else it takes other memory. Default: false.
   */
  isBufferFree?: (() => boolean) | undefined
}

/**
 * One end of a cable: a TCP connection that carries IPv4 packets back to back. A cable has carrier
 * while the connection is up.
 *
 * Packets are passed on inside the chunk that was read; `isBufferFree` returns if it is free again.
 */
export class Cable implements StreamSocketHandlers {
  readonly output: CableOutput
  readonly #socket: StreamSocket
  readonly #handlers: CableHandlers
  readonly #reader: PacketReader
  readonly #handshakeOptions: HandshakeOptions
  #handshake: CableHandshake | undefined
  #timer: NodeJS.Timeout | undefined
  #state: 'opening' | 'up' | 'down' = 'opening'
  #peer: CableIdentity | undefined
  bytesRead = 0

  /** @param readBytes largest number of bytes of one read */
  constructor(
    socket: StreamSocket,
    readBytes: number,
    handshake: Omit<HandshakeOptions, 'send'>,
    handlers: CableHandlers,
  ) {
    this.#socket = socket
    this.#handlers = handlers
    this.#reader = new PacketReader({
      bufferBytes: readBytes,
      onRun: handlers.onPackets,
      isFree: handlers.isBufferFree,
    })
    this.output = new CableOutput(socket, () => handlers.onUnblocked(this))
    this.#timer = setTimeout(() => this.close('no hello within the time allowed'), HANDSHAKE_TIMEOUT_MS)
    this.#handshakeOptions = { ...handshake, send: (b) => socket.write(b) }
    socket.start(this)
    if (handshake.side === 'listener') this.onOpen()
  }

  /** For the socket of the cable. */
  onOpen(): void {
    this.#handshake = new CableHandshake(this.#handshakeOptions)
  }

  /** For the socket of the cable. */
  onRead(b: Uint8Array, length: number): void {
    this.bytesRead += length
    if (this.#state === 'up') this.#takePackets(b, 0, length)
    else if (this.#state === 'opening') this.#takeHandshake(b, length)
  }

  /** For the socket of the cable. */
  nextBuffer(): Uint8Array {
    return this.#reader.space
  }

  /** For the socket of the cable. */
  onWritten(): void {
    this.output.onWritten()
  }

  /** For the socket of the cable. */
  onReadEnd(): void {
    this.close('closed by the other end')
  }

  /** For the socket of the cable. */
  onClose(error: string | undefined): void {
    this.close(error ?? 'closed')
  }

  get isUp(): boolean {
    return this.#state === 'up'
  }

  /** Identity of the other end; undefined before the cable is up. */
  get peer(): CableIdentity | undefined {
    return this.#peer
  }

  /** Stops reading until {@link resume}: the queue of the other end fills, and it pauses, too. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Unplugs. Queued packets are lost, as in a wire. */
  close(reason: string): void {
    if (this.#state === 'down') return
    this.#state = 'down'
    clearTimeout(this.#timer)
    this.output.close()
    this.#socket.destroy()
    this.#handlers.onDown(this, reason)
  }

  #takeHandshake(b: Uint8Array, length: number): void {
    const step = this.#handshake!.receive(b, 0, length)
    if (step.kind === 'failed') this.close(step.reason)
    if (step.kind !== 'up') return
    this.#comeUp(step.peer)
    if (this.isUp && step.rest < length) this.#takePackets(b, step.rest, length)
  }

  /** @param b buffer that the socket was given for the read, unless it brings its own */
  #takePackets(b: Uint8Array, start: number, end: number): void {
    const reader = this.#reader
    if (b.buffer === reader.space.buffer && b.byteOffset === reader.space.byteOffset) {
      if (!reader.take(end, start)) this.close(NO_PACKETS)
      return
    }
    for (let o = start; o < end && this.isUp; ) {
      const { space } = reader
      const length = Math.min(end - o, space.length)
      space.set(b.subarray(o, o + length))
      if (!reader.take(length)) this.close(NO_PACKETS)
      o += length
    }
  }

  #comeUp(peer: CableIdentity): void {
    this.#state = 'up'
    this.#peer = peer
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#handlers.onUp(this)
  }
}
