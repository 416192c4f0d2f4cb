import { strict as assert } from 'node:assert'
import { TcpFlag, tcpFlags } from '@fivetuple/packet'
import { type SegmentOutput, TcpEndpoint, TcpEvent, type TcpOptions, TcpState, writeResetFor } from '@fivetuple/tcp'
import type { ManualClock, Scheduled } from '@fivetuple/testkit'

/** Segments do not begin where buffers begin. */
const OFFSET = 3
/** The owner's timers are as coarse as this. */
const TICK_MS = 10
/** So long after it has refused data, an output may take some. */
const RETRY_MS = 5

/** Collects the segments of one transmit; may refuse data. */
class Segments implements SegmentOutput {
  buffer = new Uint8Array(0)
  written: Uint8Array[] = []
  refusesData: () => boolean = () => false

  reserve(length: number, control: boolean): number {
    if (!control && this.refusesData()) return -1
    this.buffer = new Uint8Array(OFFSET + length).fill(0xee)
    this.written.push(this.buffer.subarray(OFFSET))
    return OFFSET
  }
}

/**
 * One end of a wire: at most one endpoint, its owner, and an application that keeps everything it
 * receives.
 */
export class Host {
  readonly clock: ManualClock
  readonly options: TcpOptions
  readonly #localPort: number
  readonly #remotePort: number
  readonly #iss: number
  readonly out = new Segments()
  /** Puts a segment on the wire. */
  wire: (segment: Uint8Array) => void = () => {}
  /** Response to an incoming SYN. */
  onSyn: 'establish' | 'refuse' | 'wait' = 'establish'
  /** When and how much the application takes of what was delivered; by default all at once. */
  onDelivered: (bytes: number) => void = (bytes) => this.endpoint!.consumed(bytes, this.clock.now)
  onEvents: (events: number) => void = () => {}

  endpoint: TcpEndpoint | undefined
  received: number[] = []
  /** All events so far. */
  events = 0
  #timer: Scheduled | undefined
  #accepted = false

  constructor(clock: ManualClock, options: TcpOptions, localPort: number, remotePort: number, iss: number) {
    this.clock = clock
    this.options = options
    this.#localPort = localPort
    this.#remotePort = remotePort
    this.#iss = iss
  }

  /** True if all connections have ended and nothing is left. */
  get isClear(): boolean {
    const { endpoint } = this
    if (endpoint === undefined) return true
    return (
      endpoint.state === TcpState.CLOSED &&
      endpoint.deadline() === Number.POSITIVE_INFINITY &&
      endpoint.sendBuffered === 0 &&
      endpoint.reassemblyBytes === 0 &&
      !endpoint.wantsTransmit &&
      !endpoint.hasRead
    )
  }

  has(event: number): boolean {
    return (this.events & event) !== 0
  }

  connect(): void {
    this.endpoint = new TcpEndpoint(this.options, this.#localPort, this.#remotePort, this.#iss)
    this.endpoint.connect(this.clock.now)
    this.settle()
  }

  send(...bytes: number[]): void {
    this.endpoint!.send(Uint8Array.from(bytes), this.clock.now)
    this.settle()
  }

  shutdown(): void {
    this.endpoint!.shutdown(this.clock.now)
    this.settle()
  }

  abort(): void {
    this.endpoint!.abort(this.clock.now)
    this.settle()
  }

  receive(segment: Uint8Array): void {
    const b = new Uint8Array(OFFSET + segment.length)
    b.set(segment, OFFSET)
    const { now } = this.clock
    const isSyn = (tcpFlags(b, OFFSET) & (TcpFlag.SYN | TcpFlag.ACK | TcpFlag.RST)) === TcpFlag.SYN
    if (this.endpoint === undefined && isSyn && !this.#accepted) {
      this.endpoint = new TcpEndpoint(this.options, this.#localPort, this.#remotePort, this.#iss)
      this.endpoint.accept(b, OFFSET, b.length, now)
      if (this.onSyn === 'establish') this.endpoint.establish(now)
      if (this.onSyn === 'refuse') this.endpoint.refuse(now)
      this.#accepted = this.onSyn === 'establish'
    } else if (this.endpoint === undefined || this.endpoint.state === TcpState.CLOSED) {
      writeResetFor(b, OFFSET, b.length, this.out)
    } else this.endpoint.onSegment(b, OFFSET, b.length, now)
    this.settle()
    b.fill(0xdd) // whoever kept a view of the segment sees this
  }

  /** Handles an endpoint after each input, as an owner does. */
  settle(): void {
    const { endpoint } = this
    const { now } = this.clock
    if (endpoint !== undefined) {
      let bytes = 0
      while (endpoint.nextRead()) {
        for (let i = endpoint.readStart; i < endpoint.readEnd; i++) this.received.push(endpoint.readBuffer[i]!)
        bytes += endpoint.readEnd - endpoint.readStart
      }
      if (bytes > 0) this.onDelivered(bytes)
      const events = endpoint.takeEvents()
      this.events |= events
      if (events !== 0) this.onEvents(events)
      if (endpoint.transmit(this.out, now))
        assert(!endpoint.wantsTransmit, 'nothing was refused, yet something is left')
      else {
        assert(endpoint.wantsTransmit, 'what was refused is forgotten')
        this.clock.schedule(now + RETRY_MS, () => this.settle())
      }
      if (endpoint.state === TcpState.CLOSED && !endpoint.wantsTransmit) {
        assert(this.isClear)
        if (this.has(TcpEvent.CLOSED) && !this.#accepted && this.onSyn === 'refuse') this.endpoint = undefined
      }
    }
    const { written } = this.out
    this.out.written = []
    for (const segment of written) this.wire(segment)
    this.#file()
  }

  #file(): void {
    const deadline = this.endpoint?.deadline() ?? Number.POSITIVE_INFINITY
    if (this.#timer !== undefined) this.clock.cancel(this.#timer)
    this.#timer = undefined
    if (deadline === Number.POSITIVE_INFINITY) return
    this.#timer = this.clock.schedule(Math.ceil(deadline / TICK_MS) * TICK_MS, () => {
      this.endpoint?.onTimeout(this.clock.now)
      this.settle()
    })
  }
}
