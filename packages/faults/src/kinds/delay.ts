import type { FaultKind } from '../fault-kind.js'
import type { Random } from '../random.js'

/** Distributions of jitter. `jitterMs` is a half-width for uniform, else a standard deviation. */
export const JITTER_DISTRIBUTIONS = ['uniform', 'normal', 'pareto'] as const
export type JitterDistribution = (typeof JITTER_DISTRIBUTIONS)[number]

/**
 * Delays every packet by `ms` on average, with jitter. Delays below 0 are taken as 0.
 *
 * - `uniform`: from `ms` - `jitterMs` to `ms` + `jitterMs`.
 * - `normal`: standard deviation `jitterMs`.
 * - `pareto`: shape 3 as in netem's table, scaled to mean `ms` and standard deviation `jitterMs`.
 *   The least delay is `ms` - `jitterMs` / √3, and the tail is long.
 *
 * By default a packet waits for those ahead of it, as in a queue. With `reorders` it overtakes them
 * if its own delay is short enough, as in netem.
 */
export interface Delay {
  readonly kind: 'delay'
  /** 0 to 600,000. */
  readonly ms: number
  /** 0 (default) to `ms`. */
  readonly jitterMs?: number
  readonly distribution?: JitterDistribution
  /** Default false. */
  readonly reorders?: boolean
}

const MS_MAX = 600_000

export const delay: FaultKind<Delay> = {
  kind: 'delay',
  summary: 'packets arrive later, with jitter',
  fields: {
    ms: { type: 'quantity', summary: 'mean delay', unit: 'ms', min: 0, max: MS_MAX },
    jitterMs: {
      type: 'quantity',
      summary: 'spread of the delay, at most `ms`: half-width if uniform, else standard deviation',
      unit: 'ms',
      min: 0,
      max: MS_MAX,
      default: 0,
    },
    distribution: {
      type: 'choice',
      summary: 'distribution of the delay',
      values: JITTER_DISTRIBUTIONS,
      default: 'uniform',
    },
    reorders: { type: 'flag', summary: 'jitter lets packets overtake each other, as in netem', default: false },
  },
  shorthand: ['ms', 'jitterMs', 'distribution'],
  spread: 'jitterMs',
  conflict: ({ ms, jitterMs }) =>
    jitterMs > ms
      ? {
          field: 'jitterMs',
          message: `${jitterMs}ms is above the delay of ${ms}ms, so packets would arrive before they are sent`,
          remedy: `use at most ${ms}ms`,
        }
      : undefined,
  usesChance: ({ jitterMs }) => jitterMs > 0,
  reorders: ({ reorders, jitterMs }) => reorders && jitterMs > 0,
  start({ ms, jitterMs, distribution, reorders }, random) {
    const deviation = DEVIATION[distribution]
    let last = Number.NEGATIVE_INFINITY
    return {
      pass: (_bytes, at, out) => {
        const own = jitterMs === 0 ? at + ms : at + Math.max(0, ms + jitterMs * deviation(random))
        last = reorders ? own : Math.max(last, own)
        out.push(last)
      },
    }
  },
}

/** Deviations from the mean in units of `jitterMs`, one draw each. */
const DEVIATION: Readonly<Record<JitterDistribution, (random: Random) => number>> = {
  uniform: (random) => 2 * random.next() - 1,
  // Box–Muller. The logarithm takes a number in (0, 1].
  normal: (random) => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next()),
  // Inverse of the distribution function; shape 3 has mean 3/2 and variance 3/4.
  pareto: (random) => ((1 - random.next()) ** (-1 / 3) - 1.5) / Math.sqrt(0.75),
}
