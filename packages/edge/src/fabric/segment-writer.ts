import {
  IPV4_HEADER_BYTES,
  IpProtocol,
  MAX_PACKET_BYTES,
  NO_ROUTE,
  type PacketOutput,
  writeIpv4Header,
} from '@fivetuple/packet'
import type { SegmentOutput } from '@fivetuple/tcp'
import { type Fabric, ttlOf } from './fabric.js'

/**
 * Writes segments of one flow after the other straight into the batch of the port that each is
 * routed to: per packet one lookup, one header, one copy of the payload. A segment without a route
 * is written to a scratch buffer and so lost, as on a wire.
 */
export class SegmentWriter implements SegmentOutput {
  readonly #fabric: Fabric
  readonly #isTaken: (port: number) => boolean
  readonly #ttl: number
  readonly #scratch = new Uint8Array(MAX_PACKET_BYTES)
  #localAddress = 0
  #remoteAddress = 0
  #localPort = 0
  #remotePort = 0
  #isOpening = false
  #isKeepAlive = false
  buffer: Uint8Array
  /** Port that refused the last segment because its queue is full, or -1. */
  blockedPort = -1
  /** True if a segment found no route since {@link begin}. */
  hadNoRoute = false

  /**
   * @param isTaken returns true if flows wait for a port's queue, so that data has to wait behind
   * them
   */
  constructor(fabric: Fabric, isTaken: (port: number) => boolean = () => false) {
    this.#fabric = fabric
    this.#isTaken = isTaken
    this.#ttl = ttlOf(fabric)
    this.buffer = this.#scratch
  }

  /**
   * Selects the flow of the next segments.
   * @param isOpening true if its segments are SYNs that open it
   * @param isKeepAlive true if its segments are keep-alive probes or responses to them
   */
  begin(
    localAddress: number,
    remoteAddress: number,
    localPort: number,
    remotePort: number,
    isOpening = false,
    isKeepAlive = false,
  ): void {
    this.#isOpening = isOpening
    this.#isKeepAlive = isKeepAlive
    this.#localAddress = localAddress
    this.#remoteAddress = remoteAddress
    this.#localPort = localPort
    this.#remotePort = remotePort
    this.blockedPort = -1
    this.hadNoRoute = false
  }

  reserve(length: number, control: boolean): number {
    const total = IPV4_HEADER_BYTES + length
    const output = this.#outputFor(total, control)
    if (output === undefined) return this.#withoutOutput()
    const at = output.reserve(total)
    return this.#writeIpHeader(output, at, total)
  }

  reserveHeader(header: number, b: Uint8Array, start: number, end: number): number {
    const head = IPV4_HEADER_BYTES + header
    const total = head + end - start
    const output = this.#outputFor(total, false)
    if (output === undefined) return this.#withoutOutput()
    if (output.reserveHead !== undefined)
      return this.#writeIpHeader(output, output.reserveHead(head, b, start, end), total)
    const at = output.reserve(total)
    output.buffer.set(b.subarray(start, end), at + head)
    return this.#writeIpHeader(output, at, total)
  }

  /**
   * Returns the output for a packet of the flow; undefined: there is no route, or the queue of
   * {@link blockedPort} is full.
   */
  #outputFor(bytes: number, control: boolean): PacketOutput | undefined {
    const port = this.#fabric.routeAndCount(
      this.#localAddress,
      this.#remoteAddress,
      this.#localPort,
      this.#remotePort,
      IpProtocol.TCP,
      bytes,
      this.#isOpening,
      this.#isKeepAlive,
    )
    if (port === NO_ROUTE) {
      this.hadNoRoute = true
      return undefined
    }
    const output = this.#fabric.outputOf(port)
    if (control || !(output.blocked || this.#isTaken(port))) return output
    this.#fabric.uncount?.(port, bytes)
    this.blockedPort = port
    return undefined
  }

  #withoutOutput(): number {
    if (this.blockedPort !== -1) return -1
    this.buffer = this.#scratch
    return IPV4_HEADER_BYTES
  }

  #writeIpHeader(output: PacketOutput, at: number, total: number): number {
    this.buffer = output.buffer
    writeIpv4Header(this.buffer, at, total, this.#ttl, IpProtocol.TCP, this.#localAddress, this.#remoteAddress)
    return at + IPV4_HEADER_BYTES
  }
}
