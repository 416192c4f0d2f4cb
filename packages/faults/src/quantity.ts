import type { Unit } from './field.js'

/** Notation of a unit. A suffix is matched without regard to case; 1 is the factor of the JSON. */
interface Notation {
  readonly suffixes: Readonly<Record<string, number>>
  /** True if a number without a suffix is in the unit of the JSON. Zero never needs a suffix. */
  readonly isBareAllowed: boolean
  readonly example: string
}

const NOTATION: Readonly<Record<Unit, Notation>> = {
  ms: {
    suffixes: { us: 0.001, µs: 0.001, μs: 0.001, ms: 1, s: 1_000, m: 60_000 },
    isBareAllowed: false,
    example: '20ms or 1.5s',
  },
  share: { suffixes: { '%': 0.01 }, isBareAllowed: true, example: '1% or 0.01' },
  'bit/s': {
    suffixes: { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9, 'bit/s': 1, 'kbit/s': 1e3, 'mbit/s': 1e6, 'gbit/s': 1e9 },
    isBareAllowed: false,
    example: '100mbit',
  },
  bytes: {
    suffixes: { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 },
    isBareAllowed: true,
    example: '64kB or 65536',
  },
  packets: { suffixes: {}, isBareAllowed: true, example: '1000' },
}

const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-zµμ%/]*)$/i

/**
 * Returns the number that a text such as `20ms`, `1%`, `100mbit` or `64kB` stands for, in the unit
 * of the JSON; undefined if the text is no quantity of that unit. The range is not checked.
 */
export function parseQuantity(text: string, unit: Unit): number | undefined {
  const [, digits, suffix] = QUANTITY.exec(text.trim()) ?? []
  if (digits === undefined || suffix === undefined) return undefined
  const value = Number(digits)
  const { suffixes, isBareAllowed } = NOTATION[unit]
  if (suffix === '') return isBareAllowed || value === 0 ? value : undefined
  const name = suffix.toLowerCase()
  // Own names only, so that a suffix such as `constructor` is none.
  const factor = Object.hasOwn(suffixes, name) ? suffixes[name] : undefined
  if (factor === undefined || factor === 1) return factor && value
  // 1.1 % is 0.011, not 0.011000000000000001.
  return Number((value * factor).toPrecision(15))
}

/** Returns a quantity as a person writes it, such as `20ms` or `1%`. */
export function formatQuantity(value: number, unit: Unit): string {
  switch (unit) {
    case 'ms':
      return `${value}ms`
    case 'share':
      return `${Number((value * 100).toPrecision(12))}%`
    case 'bit/s':
      return `${scaled(value, [1e9, 'gbit'], [1e6, 'mbit'], [1e3, 'kbit'])}${value < 1e3 ? 'bit' : ''}`
    case 'bytes':
      return `${value}B`
    case 'packets':
      return `${value}`
  }
}

/** Returns a text that {@link parseQuantity} reads as exactly this value. */
export function exactQuantity(value: number, unit: Unit): string {
  const text = formatQuantity(value, unit)
  if (parseQuantity(text, unit) === value) return text
  return NOTATION[unit].isBareAllowed ? `${value}` : `${value}${unit === 'ms' ? 'ms' : 'bit'}`
}

/** Returns an example of a quantity, for messages. */
export function exampleOf(unit: Unit): string {
  return NOTATION[unit].example
}

function scaled(value: number, ...steps: readonly (readonly [number, string])[]): string {
  const [factor, name] = steps.find(([factor]) => value >= factor) ?? [1, '']
  return `${value / factor}${name}`
}
