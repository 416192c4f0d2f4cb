/** Item with the time at which a fault delivers it. */
export interface Delivery<T> {
  /** Time of delivery, ms; not before the item entered. */
  readonly at: number
  readonly item: T
}
