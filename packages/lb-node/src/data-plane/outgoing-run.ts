import type { PacketOutput } from '@fivetuple/packet'

/**
 * A run of packets of one read, on its way from one cable to the other: what has been translated in
 * place leaves in one write. A packet that goes nowhere, or that is written anew, cuts the run.
 */
export class OutgoingRun {
  readonly #output: PacketOutput
  /** Offset of the first packet that is translated and not sent yet. */
  #start = 0
  /** Buffer and offset of the packet that is being worked on; undefined: none. */
  #current: Uint8Array | undefined
  #currentAt = 0

  constructor(output: PacketOutput) {
    this.#output = output
  }

  /** Begins a run at an offset, or goes on with it behind a packet that goes nowhere. */
  startAt(o: number): void {
    this.#start = o
  }

  /** Sends what is translated of the run in `b`, up to `end`. */
  sendUpTo(b: Uint8Array, end: number): void {
    if (end > this.#start) this.#output.writeOwned(b, this.#start, end)
    this.#start = end
  }

  /** Records the packet that is being worked on, for {@link sendBeforeCurrent}. */
  setCurrent(b: Uint8Array | undefined, o: number): void {
    this.#current = b
    this.#currentAt = o
  }

  /**
   * Sends what came before the packet that is being worked on, if there is one: what is sent next
   * leaves behind it.
   */
  sendBeforeCurrent(): void {
    if (this.#current !== undefined) this.sendUpTo(this.#current, this.#currentAt)
  }
}
