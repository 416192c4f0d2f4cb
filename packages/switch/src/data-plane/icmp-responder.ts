import {
  DEFAULT_TTL,
  ICMP_ERROR_MAX_BYTES,
  ICMP_HEADER_BYTES,
  IcmpType,
  IPV4_HEADER_BYTES,
  IpProtocol,
  internetChecksum,
  ipv4HeaderLength,
  ipv4Source,
  ipv4TotalLength,
  mayAnswerWithIcmpError,
  readU16,
  TokenBucket,
  updateChecksum,
  wordDelta,
  writeIcmpError,
  writeIpv4Header,
  writeU16,
} from '@fivetuple/packet'

/**
 * Sustained rate of ICMP messages a second (RFC 1812 §4.3.2.8): enough for diagnosis, too few to
 * amplify an attack.
 */
const ICMP_RATE_PER_S = 1000
/** Burst of ICMP messages after a quiet period. */
const ICMP_BURST = 100

/** Messages that the responder has written, and those that its rate limit has suppressed. */
export interface IcmpCounters {
  errors: number
  echoReplies: number
  suppressed: number
}

/**
 * Writes the router's own ICMP messages, at a limited rate. Each is a buffer of its own, which the
 * caller owns.
 */
export class IcmpResponder {
  readonly counters: IcmpCounters = { errors: 0, echoReplies: 0, suppressed: 0 }
  readonly #address: number
  readonly #rate = new TokenBucket(ICMP_RATE_PER_S, ICMP_BURST, 0)

  /** @param address the router's: the source of all messages */
  constructor(address: number) {
    this.#address = address
  }

  /**
   * Returns an ICMP error about the packet at `b[o]`, whose header is valid; undefined if the rules
   * or the rate limit forbid one.
   */
  error(b: Uint8Array, o: number, type: number, code: number, now: number): Uint8Array | undefined {
    if (!mayAnswerWithIcmpError(b, o) || !this.#takeToken(now)) return undefined
    this.counters.errors++
    const message = new Uint8Array(ICMP_ERROR_MAX_BYTES)
    return message.subarray(0, writeIcmpError(message, 0, type, code, this.#address, b, o))
  }

  /**
   * Returns the echo reply to the ICMP packet at `b[o]`, which is addressed to the router (RFC 1122
   * §3.2.2.6).
   * @returns 'malformed' if its checksum is wrong; undefined if it is no echo request or the rate
   * limit is reached
   */
  echoReply(b: Uint8Array, o: number, now: number): Uint8Array | 'malformed' | undefined {
    const icmp = o + ipv4HeaderLength(b, o)
    const end = o + ipv4TotalLength(b, o)
    if (end - icmp < ICMP_HEADER_BYTES || internetChecksum(b, icmp, end) !== 0) return 'malformed'
    if (b[icmp] !== IcmpType.ECHO || !this.#takeToken(now)) return undefined
    this.counters.echoReplies++
    // options of the request are not echoed
    const reply = new Uint8Array(IPV4_HEADER_BYTES + end - icmp)
    writeIpv4Header(reply, 0, reply.length, DEFAULT_TTL, IpProtocol.ICMP, this.#address, ipv4Source(b, o))
    reply.set(b.subarray(icmp, end), IPV4_HEADER_BYTES)
    reply[IPV4_HEADER_BYTES] = IcmpType.ECHO_REPLY
    const checksum = readU16(b, icmp + 2)
    writeU16(reply, IPV4_HEADER_BYTES + 2, updateChecksum(checksum, wordDelta(IcmpType.ECHO << 8, 0)))
    return reply
  }

  #takeToken(now: number): boolean {
    const taken = this.#rate.take(now)
    if (!taken) this.counters.suppressed++
    return taken
  }
}
