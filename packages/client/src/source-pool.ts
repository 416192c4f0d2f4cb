import { formatIpv4, parsePrefix } from '@fivetuple/packet'

/** Addresses that connections come from, one after the other. */
export class SourcePool {
  readonly #first: number
  readonly #size: number

  private constructor(first: number, size: number) {
    this.#first = first
    this.#size = size
  }

  /**
   * One address, or the host addresses of a prefix (a /31 has no others). Undefined for any other
   * text.
   */
  static parse(text: string): SourcePool | undefined {
    const prefix = parsePrefix(text)
    if (prefix === undefined) return undefined
    const { address, length } = prefix
    const size = 2 ** (32 - length)
    return length >= 31 ? new SourcePool(address, size) : new SourcePool(address + 1, size - 2)
  }

  get size(): number {
    return this.#size
  }

  /** Address for connection `i`, as text; the pool is used in turn. */
  at(i: number): string {
    return formatIpv4(this.#first + (i % this.#size))
  }
}
