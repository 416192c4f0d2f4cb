import { formatIpv4, type Ipv4Address, type Prefix, parseIpv4 } from '@fivetuple/packet'
import { assertBlock } from './block.js'

// One /16 per cluster. The third octet is the kind of an address, the fourth octet is the number. 0
// and 255 stay unused, so that no address looks like that of a network or a broadcast.

/** Count of the numbers in one third octet. */
const NUMBERS = 254

/** Third octet of each range of a block; the first one if it has several. */
export const BlockRange = { routers: 0, lbs: 1, bips: 2, backends: 3, vips: 10, clients: 100 } as const

export type BlockRangeName = keyof typeof BlockRange

/** Fourth octets in the range of routers. */
const UPLINK = 1
const DOWNLINK = 2
const LAUNCHER = 254

/** A /22: 1,022 client addresses. */
const CLIENT_POOL_LENGTH = 22

/** Third octets of the range of VIPs: room for {@link VIP_NUMBERS} of them. */
const VIP_OCTETS = 4
export const VIP_NUMBERS = VIP_OCTETS * NUMBERS

/** Addresses of one block, as dotted quads. Numbers count from 1 to 254, those of VIPs to 1,016. */
export class AddressPlan {
  readonly #block: Prefix

  /** @param block a /16, CIDR, as `isUsableBlock` accepts */
  constructor(block: string) {
    this.#block = assertBlock(block)
  }

  get uplink(): string {
    return this.#at('routers', UPLINK)
  }

  get downlink(): string {
    return this.#at('routers', DOWNLINK)
  }

  /** Address of the launcher and its control API. */
  get launcher(): string {
    return this.#at('routers', LAUNCHER)
  }

  get backendPrefix(): string {
    return `${this.#at('backends', 0)}/24`
  }

  /** Prefix of all BIPs. */
  get bipPrefix(): string {
    return `${this.#at('bips', 0)}/24`
  }

  get clientPool(): string {
    return `${this.#at('clients', 0)}/${CLIENT_POOL_LENGTH}`
  }

  /** Router address of LB k. */
  lb(k: number): string {
    return this.#at('lbs', k)
  }

  /** SNAT address of LB k, the source that backends see (claim C6). */
  bip(k: number): string {
    return this.#at('bips', k)
  }

  backend(k: number): string {
    return this.#at('backends', k)
  }

  vip(i: number): string {
    const octet = Math.floor((i - 1) / NUMBERS)
    return this.#at('vips', octet * 256 + i - octet * NUMBERS)
  }

  /** True if a dotted quad is in the block. */
  contains(address: string): boolean {
    return ((parseIpv4(address) ?? 0) & 0xffff0000) >>> 0 === this.#block.address
  }

  /** True if a dotted quad is a numbered address of a range. */
  rangeContains(range: BlockRangeName, address: string): boolean {
    const value: Ipv4Address = parseIpv4(address) ?? 0
    const last = value & 255
    const octet = ((value >>> 8) & 255) - BlockRange[range]
    const octets = range === 'vips' ? VIP_OCTETS : 1
    return this.contains(address) && octet >= 0 && octet < octets && last !== 0 && last !== 255
  }

  #at(range: BlockRangeName, number: number): string {
    return formatIpv4(this.#block.address + BlockRange[range] * 256 + number)
  }
}
