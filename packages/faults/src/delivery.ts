/** One item and when it comes out of a fault. */
export interface Delivery<T> {
  /** ms, never before the item went in. */
  readonly at: number
  readonly item: T
}
