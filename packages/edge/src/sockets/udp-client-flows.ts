import { EdgeEnd, type EdgeFlow, type EdgeRecorder, type FlowTotals } from '@fivetuple/flow-records'
import { FiveTupleMap, IpProtocol } from '@fivetuple/packet'
import type { Clock } from '@fivetuple/runtime'
import { type IdleEntry, IdleList } from '../fabric/idle-list.js'

/** A UDP flow that a client has opened. */
class UdpClientFlow implements FlowTotals, IdleEntry<UdpClientFlow> {
  idleLonger: UdpClientFlow | undefined
  idleLess: UdpClientFlow | undefined
  readonly isOver = false
  readonly record: EdgeFlow
  lastAt = 0
  bytesToFabric = 0
  bytesFromFabric = 0

  constructor(record: EdgeFlow) {
    this.record = record
    record.totals = this
  }
}

export interface UdpClientFlowsOptions {
  readonly recorder: EdgeRecorder
  readonly clock: Clock
  /** Time without a datagram after which a flow has ended, ms. */
  readonly idleMs: number
  /** Most flows at once; the one that has been idle for longest makes room. */
  readonly maxFlows: number
}

/** UDP flows of clients, only for their records: datagrams are forwarded without them. */
export class UdpClientFlows {
  readonly #options: UdpClientFlowsOptions
  readonly #flows = new FiveTupleMap<UdpClientFlow>()
  readonly #idle = new IdleList<UdpClientFlow>()

  constructor(options: UdpClientFlowsOptions) {
    this.#options = options
  }

  /** Counts a datagram of a client, which opens its flow if there is none. */
  sent(client: number, vip: number, clientPort: number, vipPort: number, bytes: number): void {
    const now = this.#options.clock.now()
    let flow = this.#flows.get(client, vip, clientPort, vipPort, IpProtocol.UDP)
    if (flow === undefined) flow = this.#open(client, vip, clientPort, vipPort, now)
    else this.#idle.use(flow)
    flow.bytesToFabric += bytes
    flow.lastAt = now
  }

  /** Counts a datagram to a client. */
  received(client: number, vip: number, clientPort: number, vipPort: number, bytes: number): void {
    const flow = this.#flows.get(client, vip, clientPort, vipPort, IpProtocol.UDP)
    if (flow === undefined) return
    this.#idle.use(flow)
    flow.bytesFromFabric += bytes
    flow.lastAt = this.#options.clock.now()
  }

  /** Ends flows that are idle. To be called about every second. */
  sweep(): void {
    const now = this.#options.clock.now()
    for (let flow = this.#idle.longest; flow !== undefined; flow = this.#idle.longest) {
      if (now - flow.lastAt < this.#options.idleMs) return
      this.#end(flow, EdgeEnd.IDLE, now)
    }
  }

  /** Ends all flows. */
  close(): void {
    const now = this.#options.clock.now()
    for (let flow = this.#idle.longest; flow !== undefined; flow = this.#idle.longest)
      this.#end(flow, EdgeEnd.IDLE, now)
  }

  #open(client: number, vip: number, clientPort: number, vipPort: number, now: number): UdpClientFlow {
    const { recorder, maxFlows } = this.#options
    const { longest } = this.#idle
    if (this.#flows.size >= maxFlows && longest !== undefined) this.#end(longest, EdgeEnd.IDLE, now)
    const record = recorder.open(IpProtocol.UDP, client, vip, clientPort, vipPort, now)
    recorder.establish(record)
    const flow = new UdpClientFlow(record)
    this.#flows.set(client, vip, clientPort, vipPort, IpProtocol.UDP, flow)
    this.#idle.add(flow)
    return flow
  }

  #end(flow: UdpClientFlow, end: EdgeEnd, now: number): void {
    const { client, vip, clientPort, vipPort } = flow.record
    this.#idle.remove(flow)
    this.#flows.delete(client, vip, clientPort, vipPort, IpProtocol.UDP)
    this.#options.recorder.end(flow.record, end, now)
  }
}
