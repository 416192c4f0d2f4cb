import { ImpairedStream, type StreamItem } from '@fivetuple/faults'
import type { Clock } from '@fivetuple/runtime'
import type { Connection, ConnectionHandlers, Dial, DialTarget } from '@fivetuple/speaker'
import type { ImpairedDirection } from './impaired-direction.js'

/** Bytes that a direction holds before its writer pauses: as a send buffer of the kernel. */
const HELD_MAX_BYTES = 256 * 1024
const TIMED_OUT = 'no acknowledgement: the link drops its segments (ETIMEDOUT)'

/** The two directions of a link, seen from this LB. */
export interface LinkDirections {
  readonly in: ImpairedDirection
  readonly out: ImpairedDirection
}

export interface ImpairedConnectionOptions {
  readonly target: DialTarget
  /** Opens the real connection. */
  readonly dial: Dial
  readonly link: LinkDirections
  readonly clock: Clock
  readonly handlers: ConnectionHandlers
  /** The deadline may be earlier now. */
  readonly onDeadline: (deadline: number) => void
  /** Nothing is left of the connection. */
  readonly onGone: (connection: ImpairedConnection) => void
}

/**
 * TCP connection over a link with faults. It is real, but what is written to it and read from it is
 * held as a TCP on such a link would hold it: see `ImpairedStream`. The handshake and the end of
 * the connection are subject to the faults, too. While there are none, bytes pass at once.
 */
export class ImpairedConnection implements Connection {
  readonly #options: ImpairedConnectionOptions
  readonly #out: ImpairedStream
  readonly #in: ImpairedStream
  #socket: Connection | undefined
  #closeReason = 'closed'
  #isConnecting = true
  #isDestroyed = false
  #hasClosed = false
  #isGone = false
  /** True while the link holds too many bytes. */
  #isBlocked = false
  /** True while the kernel does. */
  #isSocketFull = false

  constructor(options: ImpairedConnectionOptions) {
    this.#options = options
    const { link } = options
    this.#out = new ImpairedStream((segment, bytes) =>
      link.out.send('control', bytes, (now) => {
        this.#out.receive(segment, now)
        this.#pump()
      }),
    )
    this.#in = new ImpairedStream((segment, bytes) =>
      link.in.send('control', bytes, (now) => {
        this.#in.receive(segment, now)
        this.#pump()
      }),
    )
    // A dialled connection reports nothing before its owner has it.
    queueMicrotask(() => this.#send('open'))
  }

  get isConnecting(): boolean {
    return this.#isConnecting
  }

  get isDestroyed(): boolean {
    return this.#isDestroyed
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isDestroyed) return true
    this.#send(bytes)
    this.#isBlocked ||= this.#out.queuedBytes > HELD_MAX_BYTES
    return !this.#isBlocked && !this.#isSocketFull
  }

  end(): void {
    if (!this.#isDestroyed) this.#send('end')
  }

  /** Closes; bytes that the link holds for the neighbour still arrive, as after a close of TCP. */
  destroy(): void {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    queueMicrotask(() => this.#close())
    if (this.#out.isEmpty || this.#socket === undefined) this.discard()
  }

  /** Ends the connection at once, whatever is under way. */
  discard(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#isDestroyed = true
    this.#socket?.destroy()
    queueMicrotask(() => this.#close())
    this.#options.onGone(this)
  }

  pause(): void {
    this.#socket?.pause()
  }

  resume(): void {
    this.#socket?.resume()
  }

  /** Returns the time of the next {@link onTimeout}, ms; Infinity: none. */
  deadline(): number {
    return Math.min(this.#out.deadline(), this.#in.deadline())
  }

  onTimeout(now: number): void {
    this.#out.onTimeout(now)
    this.#in.onTimeout(now)
    if (!this.#out.hasFailed && !this.#in.hasFailed) return
    this.#closeReason = TIMED_OUT
    this.discard()
  }

  #send(item: StreamItem): void {
    if (this.#isDestroyed && item !== 'end') return
    if (this.#out.isEmpty && this.#options.link.out.isIdle('control')) {
      this.#toNeighbor(item)
      return
    }
    this.#out.write(item, this.#options.clock.now())
    this.#options.onDeadline(this.#out.deadline())
  }

  /** Passes on what has arrived at either end. */
  #pump(): void {
    for (let item = this.#out.take(); item !== undefined; item = this.#out.take()) this.#toNeighbor(item)
    for (let item = this.#in.take(); item !== undefined; item = this.#in.take()) this.#toOwner(item)
    if (this.#isBlocked && this.#out.queuedBytes <= HELD_MAX_BYTES / 2 && !this.#isDestroyed) {
      this.#isBlocked = false
      if (!this.#isSocketFull) this.#options.handlers.onDrain()
    }
    if (this.#isDestroyed && this.#out.isEmpty) this.discard()
    else if (this.#in.queuedBytes <= HELD_MAX_BYTES / 2) this.#socket?.resume()
    this.#options.onDeadline(this.deadline())
  }

  #toNeighbor(item: StreamItem): void {
    if (this.#isGone) return
    if (item === 'open') this.#dial()
    else if (item === 'end') this.#socket?.end()
    else if (this.#socket?.write(item) === false) this.#isSocketFull = true
  }

  #toOwner(item: StreamItem): void {
    if (item === 'end') {
      this.discard()
      return
    }
    if (this.#isDestroyed) return
    if (item !== 'open') {
      this.#options.handlers.onBytes(item)
      return
    }
    this.#isConnecting = false
    this.#options.handlers.onConnect()
  }

  #dial(): void {
    const { target, dial, handlers } = this.#options
    this.#socket = dial(target, {
      onConnect: () => this.#receive('open'),
      onBytes: (bytes) => this.#receive(bytes),
      onDrain: () => {
        this.#isSocketFull = false
        if (!this.#isDestroyed && !this.#isBlocked) handlers.onDrain()
      },
      onClose: (reason) => {
        this.#closeReason = reason
        this.#receive('end')
      },
    })
  }

  #receive(item: StreamItem): void {
    if (this.#in.isEmpty && this.#options.link.in.isIdle('control')) {
      this.#toOwner(item)
      return
    }
    this.#in.write(item, this.#options.clock.now())
    if (this.#in.queuedBytes > HELD_MAX_BYTES) this.#socket?.pause()
    this.#options.onDeadline(this.#in.deadline())
  }

  #close(): void {
    if (this.#hasClosed) return
    this.#hasClosed = true
    this.#options.handlers.onClose(this.#closeReason)
  }
}
