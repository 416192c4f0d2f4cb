/** Buffers that are free again and wait for use; what a burst needed beyond is given back. */
const SPARE_MAX = 8

/**
 * Buffers that a cable reads into. One serves as long as each read is done with when the next one comes; while somebody
 * keeps what was read, others take its place.
 */
export class ReadBuffers {
  readonly #bytes: number
  readonly #isFree: (() => boolean) | undefined
  #current: Uint8Array
  /** Kept by somebody since the last time that all were free. */
  #lent: Uint8Array[] = []
  readonly #spare: Uint8Array[] = []

  /**
   * @param bytes size of each: what one read takes at most
   * @param isFree whether all that was read is done with; asked after each read. Default: it never is
   */
  constructor(bytes: number, isFree: (() => boolean) | undefined) {
    this.#bytes = bytes
    this.#isFree = isFree
    this.#current = new Uint8Array(bytes)
  }

  /** Where the first read goes. */
  get first(): Uint8Array {
    return this.#current
  }

  /** Where the next read goes. */
  next(): Uint8Array {
    if (this.#isFree?.()) {
      if (this.#lent.length > 0) this.#takeBack()
      return this.#current
    }
    if (this.#isFree !== undefined) this.#lent.push(this.#current)
    this.#current = this.#spare.pop() ?? new Uint8Array(this.#bytes)
    return this.#current
  }

  #takeBack(): void {
    for (const buffer of this.#lent) if (this.#spare.length < SPARE_MAX) this.#spare.push(buffer)
    this.#lent = []
  }
}
