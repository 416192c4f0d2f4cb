/** Stands for a port where a packet has no route. Ports count from 0. */
export const NO_ROUTE = -1

/**
 * Output for packets: a cable, an in-memory link of a simulation, a queue of a test.
 *
 * Packets leave in the order in which they were put in, whichever method put them.
 */
export interface PacketOutput {
  /**
   * True if the queue behind this output is over its limit. Packets are taken all the same; who
   * reads from a socket or a cable to feed this output stops reading until it is no longer blocked.
   */
  readonly blocked: boolean
  /**
   * The buffer that {@link reserve} points into. Changes as it grows: read it after each `reserve`.
   */
  readonly buffer: Uint8Array
  /**
   * Makes room for one packet of `length` bytes, 20 to 65,535. All of them must be written to
   * `buffer` from the returned offset on before anything else is called on this output.
   */
  reserve(length: number): number
  /**
   * Makes room for the first `head` bytes of one packet, to be written as after {@link reserve};
   * the rest of it is `b[start, end)`, taken without a copy: nobody may change these bytes any
   * more. An output that copies anyway has no need of it.
   */
  reserveHead?(head: number, b: Uint8Array, start: number, end: number): number
  /** Copies the whole packets `b[start, end)`. */
  append(b: Uint8Array, start: number, end: number): void
  /**
   * Takes the whole packets `b[start, end)` without a copy: nobody may change these bytes any more.
   */
  give(b: Uint8Array, start: number, end: number): void
}
