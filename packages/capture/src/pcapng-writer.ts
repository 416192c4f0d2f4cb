import { BlockBuffer } from './block-buffer.js'
import type { CapturedPacket } from './capture-queue.js'
import {
  type Interface,
  type InterfaceStatistics,
  type Section,
  writeInterface,
  writePacket,
  writeSection,
  writeStatistics,
} from './pcapng.js'
import { timestampOfMs } from './timestamp.js'

/** Counters of an interface with the times of the capture, ms since 1970. */
export interface CaptureStatistics extends Omit<InterfaceStatistics, 'from' | 'to'> {
  readonly fromMs: number
  readonly toMs: number
}

/** One pcapng file: a section, its interfaces, packets, and counters at the end. */
export class PcapngWriter {
  readonly #buffer = new BlockBuffer()
  #interfaces = 0

  constructor(section: Section) {
    writeSection(this.#buffer, section)
  }

  /** Adds an interface, before or between packets. Returns its number. */
  addInterface(of: Interface): number {
    writeInterface(this.#buffer, of)
    return this.#interfaces++
  }

  /** Adds a packet. @throws RangeError if its interface was not added */
  add({ interfaceId, at, bytes, length, notes }: CapturedPacket): void {
    this.#check(interfaceId)
    writePacket(this.#buffer, interfaceId, timestampOfMs(at), bytes, length, notes)
  }

  /** Adds the counters of an interface. @throws RangeError if it was not added */
  addStatistics(interfaceId: number, { fromMs, toMs, ...counters }: CaptureStatistics): void {
    this.#check(interfaceId)
    const from = timestampOfMs(fromMs)
    writeStatistics(this.#buffer, interfaceId, { from, to: timestampOfMs(toMs), ...counters })
  }

  /** Number of bytes that {@link take} returns. */
  get length(): number {
    return this.#buffer.length
  }

  /** Returns what was added since the last call: whole blocks, to be appended to the file. */
  take(): Uint8Array {
    return this.#buffer.take()
  }

  #check(interfaceId: number): void {
    if (!(interfaceId >= 0 && interfaceId < this.#interfaces))
      throw new RangeError(`interface ${interfaceId} was not added: there are ${this.#interfaces}`)
  }
}
