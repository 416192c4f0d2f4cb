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
}
