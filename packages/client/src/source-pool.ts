import { formatIpv4, parsePrefix } from '@fivetuple/packet'
import type { Source, Sources } from './sources.js'

/** Source addresses of connections, used in turn. The kernel chooses the ports. */
export class SourcePool implements Sources {
  readonly #first: number
  readonly #size: number

  private constructor(first: number, size: number) {
    this.#first = first
    this.#size = size
  }

  /**
   * Parses one address, or the host addresses of a prefix (all addresses of a /31). Returns
   * undefined for any other text.
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

  /** Returns the address for connection `i`, as text. */
  at(i: number): string {
    return formatIpv4(this.#first + (i % this.#size))
  }

  source(i: number): Source {
    return { address: this.at(i), port: 0 }
  }
}
