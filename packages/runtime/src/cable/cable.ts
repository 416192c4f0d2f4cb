import { PacketReader, type PacketRunHandler } from '@fivetuple/packet'
import type { StreamSocket, StreamSocketHandlers } from '../socket/stream-socket.js'
import { CableHandshake, type HandshakeOptions } from './cable-handshake.js'
import type { CableIdentity } from './cable-hello.js'
import { CableOutput } from './cable-output.js'

/** Time for the opening exchange; on loopback it takes well under a millisecond, so this only ends silent strangers. */
export const HANDSHAKE_TIMEOUT_MS = 2_000
const NO_PACKETS = 'bytes that are no IPv4 packet'

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
  /**
   * Whether all bytes ever handed to `onPackets` are free again; asked after each read. Then the same memory is read into,
   * else other memory. Default: they are kept for good.
   */
  isBufferFree?: (() => boolean) | undefined
}

/**
 * One end of a cable: a TCP connection that carries IPv4 packets back to back. The connection being up is the carrier.
 *
 * Whole packets are handed on inside the chunk that was read; whose it is then, `isBufferFree` says.
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

  /** @param readBytes what one read takes at most */
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

  /** For its socket. */
  onOpen(): void {
    this.#handshake = new CableHandshake(this.#handshakeOptions)
  }

  /** For its socket. */
  onRead(b: Uint8Array, length: number): void {
    this.bytesRead += length
    if (this.#state === 'up') this.#takePackets(b, 0, length)
    else if (this.#state === 'opening') this.#takeHandshake(b, length)
  }

  /** For its socket. */
  nextBuffer(): Uint8Array {
    return this.#reader.space
  }

  /** For its socket. */
  onWritten(): void {
    this.output.onWritten()
  }

  /** For its socket. */
  onReadEnd(): void {
    this.close('closed by the other end')
  }

  /** For its socket. */
  onClose(error: string | undefined): void {
    this.close(error ?? 'closed')
  }

  get isUp(): boolean {
    return this.#state === 'up'
  }

  /** What the other end said of itself; undefined before the cable is up. */
  get peer(): CableIdentity | undefined {
    return this.#peer
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

  #takeHandshake(b: Uint8Array, length: number): void {
    const step = this.#handshake!.receive(b, 0, length)
    if (step.kind === 'failed') this.close(step.reason)
    if (step.kind !== 'up') return
    this.#comeUp(step.peer)
    if (this.isUp && step.rest < length) this.#takePackets(b, step.rest, length)
  }

  /** @param b where we asked the socket to read to, unless it brings its own */
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
