import { EdgeEnd, type EdgeRecorder } from '@fivetuple/flow-records'
import {
  type IcmpError,
  IpProtocol,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Source,
  ipv4TotalLength,
  isTcpHeaderWhole,
  TcpFlag,
  tcpDestinationPort,
  tcpFlags,
  tcpSourcePort,
} from '@fivetuple/packet'
import { TcpEndpoint, TcpEvent, type TcpOptions, TcpState, writeResetFor } from '@fivetuple/tcp'
import type { Fabric } from './fabric.js'
import { Flow, type FlowApplication } from './flow.js'
import { FlowQueues, NO_PORT } from './flow-queues.js'
import { type FlowLimits, FlowTable } from './flow-table.js'
import { reportFlowFailure } from './icmp-report.js'
import { countLocalFailure, type LocalFailure } from './local-failure.js'
import { ReadChunks } from './read-chunks.js'
import { SegmentWriter } from './segment-writer.js'
import { newTcpEdgeCounters, type TcpEdgeCounters } from './tcp-edge-counters.js'
import { TimerWheel } from './timer-wheel.js'

export interface TcpEdgeOptions extends FlowLimits {
  readonly fabric: Fabric
  readonly tcp: TcpOptions
  /** Initial sequence numbers, 32 bits each (RFC 9293 §3.4.1). */
  readonly nextIss: () => number
  /**
   * Returns the application of a new flow whose SYN has arrived, or undefined to refuse it. The SYN
   * is responded to when {@link TcpEdge.establish} or {@link TcpEdge.refuse} is called. Its segment
   * is `b[tcp, end)`, valid during the call.
   */
  readonly onIncoming?: (flow: Flow, b: Uint8Array, tcp: number, end: number) => FlowApplication | undefined
  /** Records the flows that {@link TcpEdge.connect} opens. Default: they are not recorded. */
  readonly recorder?: EdgeRecorder
  /** Called when {@link TcpEdge.deadline} has become earlier: the timer must be set again. */
  readonly onEarlierDeadline?: (deadline: number) => void
}

/**
 * All TCP flows that end at this edge. It has no sockets: those are {@link FlowApplication}s, so a
 * simulation runs the same code. The time is a parameter of each call.
 */
export class TcpEdge {
  readonly counters: TcpEdgeCounters = newTcpEdgeCounters()
  /** Read buffers of the sockets of this edge. */
  readonly chunks = new ReadChunks()
  readonly #options: TcpEdgeOptions
  readonly #tcp: TcpOptions
  readonly #flows: FlowTable
  readonly #wheel: TimerWheel<Flow>
  readonly #writer: SegmentWriter
  readonly #queues = new FlowQueues()
  #now: number

  constructor(options: TcpEdgeOptions, now: number) {
    this.#options = options
    this.#tcp = { ...options.tcp, onAcknowledged: this.chunks.recycle }
    this.#flows = new FlowTable(options)
    this.#now = now
    this.#wheel = new TimerWheel(now)
    this.#writer = new SegmentWriter(options.fabric, (port) => this.#queues.isTaken(port))
  }

  get flowCount(): number {
    return this.#flows.size
  }

  /** Flows that have not ended. */
  *flows(): Iterable<Flow> {
    for (const flow of this.#flows.values()) if (!flow.endpoint.isOver) yield flow
  }

  /** Returns the flow that keeps a five-tuple in use, if any: one that is not over. */
  occupant(localAddress: number, remoteAddress: number, localPort: number, remotePort: number): Flow | undefined {
    const flow = this.#flows.get(localAddress, remoteAddress, localPort, remotePort)
    return flow?.endpoint.isOver ? undefined : flow
  }

  /** Opens a flow by a SYN. Returns undefined if `maxFlows` is reached or the tuple is in use. */
  connect(
    localAddress: number,
    remoteAddress: number,
    localPort: number,
    remotePort: number,
    application: FlowApplication,
    now: number,
  ): Flow | undefined {
    const flow = this.#admit(localAddress, remoteAddress, localPort, remotePort)
    if (flow === undefined) return undefined
    flow.application = application
    this.counters.opened++
    const { recorder } = this.#options
    if (recorder !== undefined) {
      flow.record = recorder.open(IpProtocol.TCP, localAddress, remoteAddress, localPort, remotePort, now)
      flow.record.totals = flow
    }
    flow.lastAt = now
    flow.endpoint.connect(now)
    this.#settle(flow, now)
    return flow
  }

  /** Records a flow that can't be opened, because {@link connect} has returned undefined. */
  recordTurnedAway(client: number, vip: number, clientPort: number, vipPort: number, now: number): void {
    const { recorder } = this.#options
    recorder?.end(recorder.open(IpProtocol.TCP, client, vip, clientPort, vipPort, now), EdgeEnd.NO_ROOM, now)
  }

  /** Responds to the SYN of an incoming flow with SYN-ACK. */
  establish(flow: Flow, now: number): void {
    if (flow.closed) return
    this.counters.accepted++
    flow.endpoint.establish(now)
    this.#settle(flow, now)
  }

  /** Responds to the SYN of an incoming flow with RST. */
  refuse(flow: Flow, now: number): void {
    if (flow.closed) return
    this.counters.refused++
    flow.endpoint.refuse(now)
    this.#settle(flow, now)
  }

  /**
   * Deletes an incoming flow before its SYN is responded to, because this machine has no socket for
   * it, and reports that to the sender by ICMP. A RST would look like the destination's refusal.
   */
  refuseLocally(flow: Flow, failure: LocalFailure): void {
    if (flow.closed) return
    countLocalFailure(this.counters, failure)
    this.#close(flow)
    const { localAddress, remoteAddress, localPort, remotePort } = flow
    reportFlowFailure(this.#options.fabric, localAddress, remoteAddress, localPort, remotePort, failure)
  }

  /**
   * Sends bytes, which the edge owns from then on: they are not copied. Returns false if the
   * application has to pause.
   */
  send(flow: Flow, chunk: Uint8Array, now: number): boolean {
    if (flow.closed) return true
    flow.bytesToFabric += chunk.length
    flow.lastAt = now
    flow.endpoint.send(chunk, now)
    this.#settle(flow, now)
    return !flow.endpoint.sendBufferFull
  }

  /** Sends FIN behind the bytes that are queued. Nothing can be sent after it. */
  shutdown(flow: Flow, now: number): void {
    if (flow.closed) return
    flow.hasShutDown = true
    flow.endpoint.shutdown(now)
    this.#settle(flow, now)
  }

  /** Sends RST and deletes the flow. */
  abort(flow: Flow, now: number): void {
    if (flow.closed) return
    if (flow.end === EdgeEnd.OPEN) flow.end = EdgeEnd.ABORTED
    flow.endpoint.abort(now)
    this.#settle(flow, now)
  }

  /** Records that the application has passed on `bytes` of those delivered to it. */
  consumed(flow: Flow, bytes: number, now: number): void {
    if (flow.closed) return
    flow.endpoint.consumed(bytes, now)
    // Inside a delivery the flow is settled when the delivery ends.
    if (this.#delivering !== flow) this.#settle(flow, now)
  }
  #delivering: Flow | undefined

  /** Declares that an application retains bytes of {@link receive} in place for a time. */
  retainBytes(): void {
    this.#retainers++
  }

  /** Ends one {@link retainBytes}. */
  releaseBytes(): void {
    this.#retainers--
  }

  /** True while no bytes that came in by {@link receive} are retained in place. */
  get isRetainingNothing(): boolean {
    return this.#retainers === 0
  }
  #retainers = 0

  /** A whole TCP packet `b[start, end)` for this edge. Its IP header has been checked. */
  receive(b: Uint8Array, start: number, end: number, now: number): void {
    this.#now = now
    const tcp = start + ipv4HeaderLength(b, start)
    const packetEnd = Math.min(end, start + ipv4TotalLength(b, start))
    if (!isTcpHeaderWhole(b, tcp, packetEnd)) {
      this.counters.malformed++
      return
    }
    const localAddress = ipv4Destination(b, start)
    const remoteAddress = ipv4Source(b, start)
    const localPort = tcpDestinationPort(b, tcp)
    const remotePort = tcpSourcePort(b, tcp)
    const flow = this.#flows.get(localAddress, remoteAddress, localPort, remotePort)
    const flags = tcpFlags(b, tcp)
    const isSyn = (flags & (TcpFlag.SYN | TcpFlag.ACK | TcpFlag.RST)) === TcpFlag.SYN
    if (isSyn && (flow === undefined || flow.endpoint.isOver)) {
      this.#incoming(b, tcp, packetEnd, localAddress, remoteAddress, localPort, remotePort, now)
      return
    }
    if (flow === undefined) {
      this.counters.unknown++
      this.#sendReset(b, tcp, packetEnd, localAddress, remoteAddress, localPort, remotePort)
      return
    }
    flow.lastAt = now
    flow.updateDrained()
    flow.endpoint.onSegment(b, tcp, packetEnd, now)
    this.#settle(flow, now)
  }

  /** An ICMP error about a packet that this edge has sent (RFC 9293 §3.9.2.2). */
  receiveIcmpError({ offending: t }: IcmpError, now: number): void {
    if (t.protocol !== IpProtocol.TCP) return
    const flow = this.#flows.get(t.sourceAddress, t.destinationAddress, t.sourcePort, t.destinationPort)
    if (flow === undefined) return
    flow.endpoint.unreachable(now)
    this.#settle(flow, now)
  }

  /**
   * Resumes the flows that wait for the queue of `port`, in the order of their arrival, while the
   * queue has room. Until the last of them has had its turn no other flow overtakes them.
   */
  portUnblocked(port: number, now: number): void {
    const { fabric } = this.#options
    this.#queues.serve(
      port,
      () => fabric.outputOf(port).blocked,
      (flow) => this.#settle(flow, now),
    )
  }

  /**
   * Resumes all flows that wait for a port, in order, since a changed route may lead to another
   * port.
   */
  routesChanged(now: number): void {
    this.#queues.serveAll((flow) => this.#settle(flow, now))
  }

  onTimeout(now: number): void {
    this.#wheel.advance(now, (flow) => {
      if (flow.closed) return
      flow.updateDrained()
      if (flow.endpoint.deadline() <= now) flow.endpoint.onTimeout(now)
      this.#settle(flow, now)
    })
  }

  deadline(): number {
    return this.#wheel.deadline()
  }

  /** Resets all flows, as a switch does when it shuts down in order. */
  abortAll(now: number): void {
    for (const flow of [...this.#flows.values()]) {
      flow.end = EdgeEnd.STOPPED
      this.abort(flow, now)
    }
  }

  #incoming(
    b: Uint8Array,
    tcp: number,
    end: number,
    localAddress: number,
    remoteAddress: number,
    localPort: number,
    remotePort: number,
    now: number,
  ): void {
    const flow = this.#options.onIncoming && this.#admit(localAddress, remoteAddress, localPort, remotePort)
    if (flow === undefined && this.#options.onIncoming !== undefined) {
      reportFlowFailure(this.#options.fabric, localAddress, remoteAddress, localPort, remotePort, 'limit')
      return
    }
    const application = flow && this.#options.onIncoming?.(flow, b, tcp, end)
    if (flow === undefined || application === undefined) {
      if (flow !== undefined) this.#delete(flow)
      this.counters.refused++
      this.#sendReset(b, tcp, end, localAddress, remoteAddress, localPort, remotePort)
      return
    }
    flow.application = application
    flow.endpoint.accept(b, tcp, end, now)
    this.#settle(flow, now)
  }

  #admit(localAddress: number, remoteAddress: number, localPort: number, remotePort: number): Flow | undefined {
    const before = this.#flows.get(localAddress, remoteAddress, localPort, remotePort)
    if (before !== undefined) {
      if (!before.endpoint.isOver) return undefined
      this.#close(before)
    }
    const isReserved = this.#flows.isReserved(remoteAddress, remotePort)
    if (!this.#flows.hasRoom(isReserved)) {
      this.counters.overLimit++
      return undefined
    }
    const endpoint = new TcpEndpoint(this.#tcp, localPort, remotePort, this.#options.nextIss())
    const flow = new Flow(endpoint, localAddress, remoteAddress, localPort, remotePort)
    flow.isReserved = isReserved
    this.#flows.add(flow)
    return flow
  }

  /**
   * Completes each input: delivers received bytes, sends what is due, files the next deadline,
   * deletes a flow that is over.
   */
  #settle(flow: Flow, now: number): void {
    const { endpoint, application } = flow
    this.#now = now
    if (endpoint.hasRead) {
      const outer = this.#delivering
      this.#delivering = flow
      while (endpoint.nextRead()) {
        flow.bytesFromFabric += endpoint.readEnd - endpoint.readStart
        application.onData(endpoint.readBuffer, endpoint.readStart, endpoint.readEnd)
      }
      this.#delivering = outer
    }
    if (endpoint.hasEvents) this.#dispatch(flow, endpoint.takeEvents())
    if (flow.closed) return
    if (endpoint.wantsTransmit) this.#transmit(flow, now)
    if (endpoint.hasEvents) this.#dispatch(flow, endpoint.takeEvents())
    if (!flow.closed) this.#file(flow, now)
  }

  #file(flow: Flow, now: number): void {
    const before = this.#wheel.deadline()
    this.#wheel.file(flow, flow.endpoint.deadline(), now)
    const deadline = this.#wheel.deadline()
    if (deadline < before) this.#options.onEarlierDeadline?.(deadline)
  }

  #transmit(flow: Flow, now: number): void {
    const writer = this.#writer
    const isOpening = flow.endpoint.state === TcpState.SYN_SENT
    const { isOnlyKeepAlive } = flow.endpoint
    writer.begin(flow.localAddress, flow.remoteAddress, flow.localPort, flow.remotePort, isOpening, isOnlyKeepAlive)
    const done = flow.endpoint.transmit(writer, now)
    if (writer.hadNoRoute) flow.endpoint.unreachable(now)
    if (!done && writer.blockedPort !== NO_PORT) this.#queues.add(flow, writer.blockedPort)
  }

  #dispatch(flow: Flow, events: number): void {
    const { application } = flow
    if (events & TcpEvent.CONNECTED) {
      if (flow.record !== undefined) this.#options.recorder!.establish(flow.record)
      application.onConnected()
    }
    if (events & TcpEvent.WRITABLE) application.onWritable()
    if (events & TcpEvent.END) {
      flow.hasPeerEnded = true
      application.onEnd()
    }
    if (events & TcpEvent.RESET) this.counters.reset++
    if (events & TcpEvent.TIMEOUT) this.counters.timedOut++
    if (flow.end === EdgeEnd.OPEN) flow.end = endOf(events, flow)
    if (events & TcpEvent.REFUSED) application.onFailure('refused')
    else if (events & TcpEvent.RESET) application.onFailure('reset')
    else if (events & TcpEvent.TIMEOUT) application.onFailure('timeout')
    if (events & TcpEvent.CLOSED) {
      if (flow.endpoint.wantsTransmit) this.#transmit(flow, this.#now)
      this.#close(flow)
    }
  }

  #close(flow: Flow): void {
    if (flow.closed) return
    this.#delete(flow)
    if (flow.record !== undefined)
      this.#options.recorder!.end(flow.record, flow.end === EdgeEnd.OPEN ? EdgeEnd.CLOSED : flow.end, this.#now)
    flow.application.onClosed()
    flow.onReleased?.()
  }

  #delete(flow: Flow): void {
    if (flow.closed) return
    flow.closed = true
    this.#wheel.remove(flow)
    this.#flows.delete(flow)
  }

  #sendReset(
    b: Uint8Array,
    tcp: number,
    end: number,
    localAddress: number,
    remoteAddress: number,
    localPort: number,
    remotePort: number,
  ): void {
    this.#writer.begin(localAddress, remoteAddress, localPort, remotePort)
    writeResetFor(b, tcp, end, this.#writer)
  }
}

/** Returns how events end a flow; OPEN: they do not, or in order. */
function endOf(events: number, { isDrained }: Flow): EdgeEnd {
  if (events & TcpEvent.REFUSED) return EdgeEnd.REFUSED
  // Both applications have all that they were to get.
  if (isDrained) return EdgeEnd.OPEN
  if (events & TcpEvent.RESET) return EdgeEnd.RESET
  return events & TcpEvent.TIMEOUT ? EdgeEnd.TIMEOUT : EdgeEnd.OPEN
}
