const INITIAL_BYTES = 4096
const TWO_POW_32 = 2 ** 32
const OPTION_MAX_BYTES = 65_535

/** Growing buffer of pcapng blocks: little endian, each padded to 32 bits. */
export class BlockBuffer {
  #bytes = new Uint8Array(INITIAL_BYTES)
  #view = new DataView(this.#bytes.buffer)
  #length = 0
  readonly #encoder = new TextEncoder()

  /** Number of bytes that {@link take} returns. */
  get length(): number {
    return this.#length
  }

  /** Begins a block. Returns its offset, for {@link end}. */
  begin(type: number): number {
    const block = this.#length
    this.u32(type)
    this.u32(0)
    return block
  }

  /** Ends the block at an offset: writes its length at both ends. */
  end(block: number): void {
    const length = this.#length + 4 - block
    this.u32(length)
    this.#view.setUint32(block + 4, length, true)
  }

  u8(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  u16(value: number): void {
    this.#reserve(2)
    this.#view.setUint16(this.#length, value, true)
    this.#length += 2
  }

  u32(value: number): void {
    this.#reserve(4)
    this.#view.setUint32(this.#length, value, true)
    this.#length += 4
  }

  /** Appends a whole number below 2^53. */
  u64(value: number): void {
    this.u32(value % TWO_POW_32)
    this.u32(Math.floor(value / TWO_POW_32))
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
  }

  /** Appends zeros up to the next multiple of 4. */
  pad(): void {
    while (this.#length % 4 !== 0) this.u8(0)
  }

  /** Appends the head of an option; its value follows. @param length bytes, 0 to 65,535 */
  option(code: number, length: number): void {
    this.u16(code)
    this.u16(length)
  }

  /** Appends an option with a text in UTF-8, cut at the limit of its length. */
  textOption(code: number, text: string): void {
    const encoded = cut(this.#encoder.encode(text))
    this.option(code, encoded.length)
    this.bytes(encoded)
    this.pad()
  }

  /** Returns all complete blocks and continues empty. */
  take(): Uint8Array {
    const content = this.#bytes.slice(0, this.#length)
    this.#length = 0
    return content
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + bytes))
    grown.set(this.#bytes)
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}

/** Cuts a text in UTF-8 between two characters. */
function cut(encoded: Uint8Array): Uint8Array {
  if (encoded.length <= OPTION_MAX_BYTES) return encoded
  let end = OPTION_MAX_BYTES
  while ((encoded[end]! & 0xc0) === 0x80) end--
  return encoded.subarray(0, end)
}
