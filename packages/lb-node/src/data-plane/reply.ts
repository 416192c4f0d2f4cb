import {
  DEFAULT_TTL,
  ICMP_ERROR_MAX_BYTES,
  IPV4_HEADER_BYTES,
  IpProtocol,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Source,
  ipv4TotalLength,
  mayAnswerWithIcmpError,
  type PacketOutput,
  TCP_HEADER_BYTES,
  TcpFlag,
  writeIcmpError,
  writeIpv4Header,
  writeTcpHeader,
} from '@fivetuple/packet'
import { type SegmentOutput, writeResetFor } from '@fivetuple/tcp'
import type { LbCounters } from './counters.js'

/**
 * Writes answers that the LB itself gives to a packet: RST and ICMP errors, back the way the packet
 * came.
 */
export class Replier implements SegmentOutput {
  readonly #address: number
  readonly #counters: Pick<LbCounters, 'resetsSent'>
  readonly #icmp = new Uint8Array(ICMP_ERROR_MAX_BYTES)
  #output: PacketOutput | undefined
  #source = 0
  #destination = 0
  buffer: Uint8Array

  /** @param address the LB's router address, the source of ICMP errors */
  constructor(address: number, counters: Pick<LbCounters, 'resetsSent'>) {
    this.#address = address
    this.#counters = counters
    this.buffer = this.#icmp
  }

  /**
   * Answers the TCP packet `b[o, end)` with RST, unless it is one itself. Returns true if it has.
   */
  reset(b: Uint8Array, o: number, end: number, output: PacketOutput): boolean {
    this.#output = output
    this.#source = ipv4Destination(b, o)
    this.#destination = ipv4Source(b, o)
    const tcp = o + ipv4HeaderLength(b, o)
    const isWritten = writeResetFor(b, tcp, Math.min(end, o + ipv4TotalLength(b, o)), this)
    if (isWritten) this.#counters.resetsSent++
    return isWritten
  }

  /** Sends a RST with this sequence number, without ACK, from one endpoint to another. */
  resetFrom(
    source: number,
    destination: number,
    sourcePort: number,
    destinationPort: number,
    sequence: number,
    output: PacketOutput,
  ): void {
    this.#output = output
    this.#source = source
    this.#destination = destination
    const at = this.reserve(TCP_HEADER_BYTES)
    writeTcpHeader(this.buffer, at, sourcePort, destinationPort, sequence, 0, TCP_HEADER_BYTES, TcpFlag.RST, 0)
    this.#counters.resetsSent++
  }

  /** Answers the packet at `b[o]` with an ICMP error. */
  icmpError(b: Uint8Array, o: number, type: number, code: number, output: PacketOutput): void {
    if (!mayAnswerWithIcmpError(b, o)) return
    output.writeCopy(this.#icmp, 0, writeIcmpError(this.#icmp, 0, type, code, this.#address, b, o))
  }

  /** For {@link writeResetFor}: puts the IP header in front of the segment. */
  reserve(length: number): number {
    const output = this.#output!
    const total = IPV4_HEADER_BYTES + length
    const at = output.reserve(total)
    this.buffer = output.buffer
    writeIpv4Header(this.buffer, at, total, DEFAULT_TTL, IpProtocol.TCP, this.#source, this.#destination)
    return at + IPV4_HEADER_BYTES
  }
}
