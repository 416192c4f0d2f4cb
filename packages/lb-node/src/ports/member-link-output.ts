import type { PacketOutput } from '@fivetuple/packet'
import type { CablePort } from '@fivetuple/runtime'
import type { MemberLinks } from '../data-plane/member-links.js'

/**
 * The output of a cable of several member links: packets leave by the selected one. A run of
 * packets is received by one member link, and all that follows from it leaves by links of the same
 * number. So a flow stays on one line card of either switch, and no packet needs a decision.
 */
export class MemberLinkOutput implements PacketOutput, MemberLinks {
  readonly memberLinks: readonly CablePort[]
  #memberLink: CablePort
  #selected = 0

  /** @param memberLinks at least one; the first is selected */
  constructor(memberLinks: readonly CablePort[]) {
    this.memberLinks = memberLinks
    this.#memberLink = memberLinks[0]!
  }

  /** The member link that was selected last, from 0. */
  get selected(): number {
    return this.#selected
  }

  select(memberLink: number): void {
    this.#selected = memberLink
    this.#memberLink = this.memberLinks[memberLink]!
  }

  get blocked(): boolean {
    return this.#memberLink.blocked
  }

  get buffer(): Uint8Array {
    return this.#memberLink.buffer
  }

  reserve(length: number): number {
    return this.#memberLink.reserve(length)
  }

  writeCopy(b: Uint8Array, start: number, end: number): void {
    this.#memberLink.writeCopy(b, start, end)
  }

  writeOwned(b: Uint8Array, start: number, end: number): void {
    this.#memberLink.writeOwned(b, start, end)
  }
}
