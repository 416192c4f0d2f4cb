import { type Fault, LinkFaults } from '@fivetuple/faults'
import { IPV4_HEADER_BYTES } from '@fivetuple/packet'
import { type SegmentOutput, TcpEndpoint, type TcpOptions } from '@fivetuple/tcp'
import type { ImpairedPath } from './cases.js'

/** The edges' timers are as coarse as this. */
const TICK_MS = 10
const CHUNK = new Uint8Array(64 * 1024)

/** Result of one transfer. */
export interface Transfer {
  /** Bytes that the receiver has read, per second. */
  readonly bytesPerSecond: number
  /** Segments that were sent again, of all with data that were sent. */
  readonly retransmittedShare: number
}

/**
 * Runs one transfer through an impaired path on virtual time: two endpoints of the fabric's TCP,
 * with the timers of an edge. The sender always has data.
 */
export function virtualTransfer(path: ImpairedPath, options: TcpOptions, seed: number, seconds: number): Transfer {
  const sender = new End(new TcpEndpoint(options, 1, 2, 1_000))
  const receiver = new End(new TcpEndpoint(options, 2, 1, 2_000))
  const data = link(path.data, seed)
  const acks = link(path.acks, seed + 1_000_000)
  const endAt = seconds * 1_000
  let isAccepted = false
  sender.endpoint.connect(0)
  for (let now = 0; now <= endAt; ) {
    for (let due = data.next(now); due !== undefined; due = data.next(now)) {
      const { endpoint } = receiver
      if (isAccepted) endpoint.onSegment(due.item, 0, due.item.length, now)
      else {
        isAccepted = true
        endpoint.accept(due.item, 0, due.item.length, now)
        endpoint.establish(now)
      }
      receiver.settle(acks, now)
    }
    for (let due = acks.next(now); due !== undefined; due = acks.next(now)) {
      sender.endpoint.onSegment(due.item, 0, due.item.length, now)
      sender.settle(data, now)
    }
    for (const [end, out] of [
      [sender, data],
      [receiver, acks],
    ] as const) {
      if (end.dueAt() <= now) end.endpoint.onTimeout(now)
      while (end === sender && !end.endpoint.sendBufferFull) end.endpoint.send(CHUNK, now)
      end.settle(out, now)
    }
    now = Math.max(now, Math.min(data.deadline(), acks.deadline(), sender.dueAt(), receiver.dueAt()))
  }
  const { retransmits } = sender.endpoint
  return {
    bytesPerSecond: receiver.received / seconds,
    retransmittedShare: retransmits / Math.max(sender.dataSegments, 1),
  }
}

function link(faults: readonly Fault[], seed: number): LinkFaults<Uint8Array> {
  const link = new LinkFaults<Uint8Array>()
  faults.forEach((fault, i) => {
    link.add(`${i}`, fault, seed + 1_000 * i, 0)
  })
  return link
}

/** One endpoint and its owner. */
class End implements SegmentOutput {
  readonly endpoint: TcpEndpoint
  buffer = new Uint8Array(0)
  received = 0
  dataSegments = 0
  #segments: Uint8Array[] = []

  constructor(endpoint: TcpEndpoint) {
    this.endpoint = endpoint
  }

  reserve(length: number, control: boolean): number {
    this.buffer = new Uint8Array(length)
    this.#segments.push(this.buffer)
    if (!control) this.dataSegments++
    return 0
  }

  dueAt(): number {
    return Math.ceil(this.endpoint.deadline() / TICK_MS) * TICK_MS
  }

  settle(out: LinkFaults<Uint8Array>, now: number): void {
    const { endpoint } = this
    while (endpoint.nextRead()) {
      const bytes = endpoint.readEnd - endpoint.readStart
      this.received += bytes
      endpoint.consumed(bytes, now)
    }
    endpoint.takeEvents()
    if (endpoint.wantsTransmit) endpoint.transmit(this, now)
    for (const segment of this.#segments) out.impair(segment, IPV4_HEADER_BYTES + segment.length, now)
    this.#segments = []
  }
}
