/**
 * Output that an endpoint writes its segments to. The owner writes the IP header in front and
 * routes.
 */
export interface SegmentOutput {
  /** Buffer that {@link reserve} returns an offset of. Read it again after each `reserve`. */
  readonly buffer: Uint8Array
  /**
   * Reserves room for one segment (TCP header, options, payload) of exactly `length` bytes.
   * @param control true if the segment carries no payload: a full queue must not refuse it
   * @returns the offset into `buffer`, or -1 if the output refuses the segment: the endpoint keeps
   * it and tries again
   */
  reserve(length: number, control: boolean): number
  /**
   * Reserves room for the header of one segment, `header` bytes. Its payload is `b[start, end)`,
   * taken without a copy: these bytes must not change any more. Undefined if the output copies
   * everything.
   * @returns as {@link reserve}
   */
  reserveHeader?(header: number, b: Uint8Array, start: number, end: number): number
}
