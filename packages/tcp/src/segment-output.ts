/** Where an endpoint writes its segments; the owner writes the IP header in front and routes. */
export interface SegmentOutput {
  /** What {@link reserve} points into; read it anew after each `reserve`. */
  readonly buffer: Uint8Array
  /**
   * Room for one segment (TCP header, options, payload) of exactly `length` bytes.
   * @param control the segment carries no payload: a queue that is merely full must not refuse it
   * @returns the offset into `buffer`, or -1: not now, the endpoint keeps the segment and will be asked again
   */
  reserve(length: number, control: boolean): number
  /**
   * Room for the header of one segment, `header` bytes; its payload is `b[start, end)`, taken without a copy: nobody may
   * change these bytes any more. Undefined: what is written here is copied anyway.
   * @returns as {@link reserve}
   */
  reserveHeader?(header: number, b: Uint8Array, start: number, end: number): number
}
