/** Stands for a port where a packet has no route. Ports count from 0. */
export const NO_ROUTE = -1

/**
 * Output for packets: a cable, an in-memory link of a simulation, a queue of a test.
 *
 * Packets leave in the order in which they were written, whichever method wrote them.
 */
export interface PacketOutput {
  /**
   * True while the queue behind this output is over its limit. Packets are queued all the same. A
   * reader that feeds this output from a socket or a cable stops reading until it is unblocked.
   */
  readonly blocked: boolean
  /**
   * Buffer of the packet that {@link reserve} makes room for. It changes as it grows: read it after
   * each `reserve`.
   */
  readonly buffer: Uint8Array
  /**
   * Makes room for one packet of `length` bytes, 20 to 65,535. All of them must be written to
   * `buffer` from the returned offset on before anything else is called on this output.
   */
  reserve(length: number): number
  /**
   * Makes room for the first `head` bytes of one packet, to be written as after {@link reserve}.
   * The rest of the packet is `b[start, end)`. It is not copied: these bytes must not change any
   * more. Absent from outputs that copy every packet.
   */
  reserveHead?(head: number, b: Uint8Array, start: number, end: number): number
  /** Writes a copy of the whole packets `b[start, end)`: the caller may change the bytes later. */
  writeCopy(b: Uint8Array, start: number, end: number): void
  /**
   * Writes the whole packets `b[start, end)`, which the output owns from then on: it may keep them
   * without a copy, so the bytes must not change any more.
   */
  writeOwned(b: Uint8Array, start: number, end: number): void
}
