/** Unit of a number in the JSON of a fault. A share is 0 (never) to 1 (always). */
export type Unit = 'ms' | 'share' | 'bit/s' | 'bytes' | 'packets'

/** Number with a unit and a range. */
export interface QuantityField {
  readonly type: 'quantity'
  readonly summary: string
  readonly unit: Unit
  /** Least value that is allowed. */
  readonly min: number
  /** Greatest value that is allowed. */
  readonly max: number
  /** True if `min` itself is not allowed. */
  readonly isAboveMin?: boolean
  /** Value of an absent field. A field without a default is required. */
  readonly default?: number
}

/** One word of a list. */
export interface ChoiceField {
  readonly type: 'choice'
  readonly summary: string
  readonly values: readonly string[]
  readonly default: string
}

/** True or false. */
export interface FlagField {
  readonly type: 'flag'
  readonly summary: string
  readonly default: boolean
}

/** Description of one field of a fault, from which its JSON is checked and documented. */
export type Field = QuantityField | ChoiceField | FlagField

/** Correlation of successive chances, the same for each fault that has it. */
export const CORRELATION: QuantityField = {
  type: 'quantity',
  summary: 'weight of the last packet’s chance in the next one’s, as in netem; 0: independent',
  unit: 'share',
  min: 0,
  max: 0.99, // at 1 the first packet would decide for all
  default: 0,
}

/** Description of a chance per packet. */
export function chance(summary: string): QuantityField {
  return { type: 'quantity', summary, unit: 'share', min: 0, max: 1 }
}
