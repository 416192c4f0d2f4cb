import { writeIpv4Header } from '@fivetuple/packet'
import type { Connection, ConnectionHandlers } from '@fivetuple/speaker'
import { ManualClock, ManualTimer } from '@fivetuple/testkit'
import { type ImpairablePort, LbLinkFaults } from '../../dist/link-faults/link-faults.js'
import type { ImpairPacket } from '../../dist/ports/lb-port.js'

/** A packet of `length` bytes whose last byte is `mark`. */
export function packet(mark: number, length = 100): Uint8Array {
  const b = new Uint8Array(length)
  writeIpv4Header(b, 0, length, 64, 17, 0x7f000001, 0x7f000002)
  b[length - 1] = mark
  return b
}

/** Port that records what is sent past it, and whether packets are impaired. */
export class FakePort implements ImpairablePort {
  hasPacketsToImpair = false
  impairsOutput: ImpairPacket | undefined
  impairsInput: ImpairPacket | undefined
  readonly swaps: string[] = []
  flushImpaired(): void {}
  impairOutput(impair: ImpairPacket | undefined): void {
    this.impairsOutput = impair
    this.swaps.push(impair === undefined ? 'output straight' : 'output impaired')
  }
  impairInput(impair: ImpairPacket | undefined): void {
    this.impairsInput = impair
    this.swaps.push(impair === undefined ? 'input straight' : 'input impaired')
  }
}

/** Neighbour's end of a connection: what was dialled, and what arrived. */
export class FakeSocket implements Connection {
  isConnecting = true
  isDestroyed = false
  isPaused = false
  readonly received: Uint8Array[] = []
  hasEnded = false
  readonly handlers: ConnectionHandlers
  constructor(handlers: ConnectionHandlers) {
    this.handlers = handlers
  }
  accept(): void {
    this.isConnecting = false
    this.handlers.onConnect()
  }
  write(bytes: Uint8Array): boolean {
    this.received.push(bytes)
    return true
  }
  end(): void {
    this.hasEnded = true
  }
  destroy(): void {
    this.isDestroyed = true
  }
  pause(): void {
    this.isPaused = true
  }
  resume(): void {
    this.isPaused = false
  }
}

/** Faults of the links of an LB, on virtual time. */
export function rig() {
  const virtual = new ManualClock()
  const clock = { now: () => virtual.now }
  const uplink = new FakePort()
  const downlink = new FakePort()
  const sockets: FakeSocket[] = []
  const faults = new LbLinkFaults({ uplink, downlink }, clock, {
    createTimer: (onDue) => new ManualTimer(virtual, () => onDue(virtual.now)),
    dial: (_target, handlers) => {
      const socket = new FakeSocket(handlers)
      sockets.push(socket)
      return socket
    },
  })
  return { virtual, faults, uplink, downlink, sockets }
}
