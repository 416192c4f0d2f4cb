import { hasPorts, IcmpType, IpProtocol, ipv4Protocol, UnreachableCode } from '@fivetuple/packet'
import type { DropCounters } from './drop-causes.js'
import { type IcmpCounters, IcmpResponder } from './icmp-responder.js'

/**
 * The router as a host: packets to its own address, and its ICMP errors. It responds to ping and
 * runs nothing else on the fabric.
 */
export class RouterHost {
  readonly #drops: DropCounters
  readonly #send: (message: Uint8Array, now: number) => void
  readonly #responder: IcmpResponder

  /**
   * @param drops packets that are not for it are counted here
   * @param send sends a message, which is a buffer of its own, by the route table
   */
  constructor(address: number, drops: DropCounters, send: (message: Uint8Array, now: number) => void) {
    this.#drops = drops
    this.#send = send
    this.#responder = new IcmpResponder(address)
  }

  get icmp(): Readonly<IcmpCounters> {
    return this.#responder.counters
  }

  /** A packet to the router's address. */
  receive(b: Uint8Array, o: number, now: number): void {
    if (ipv4Protocol(b, o) !== IpProtocol.ICMP) {
      this.#drops['not-for-us']++
      const code = hasPorts(ipv4Protocol(b, o)) ? UnreachableCode.PORT : UnreachableCode.PROTOCOL
      this.reject(b, o, IcmpType.DESTINATION_UNREACHABLE, code, now)
      return
    }
    const reply = this.#responder.echoReply(b, o, now)
    if (reply === 'malformed') this.#drops['malformed-icmp']++
    else if (reply === undefined) this.#drops['not-for-us']++
    else this.#send(reply, now)
  }

  /** Sends an ICMP error to the source of a packet, unless rules or rate limit forbid it. */
  reject(b: Uint8Array, o: number, type: number, code: number, now: number): void {
    const message = this.#responder.error(b, o, type, code, now)
    if (message !== undefined) this.#send(message, now)
  }
}
