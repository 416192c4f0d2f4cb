import type { Random } from './random.js'

/**
 * Creates a source of chances in [0, 1), correlated as in netem (`get_crandom` of sch_netem.c, from
 * NIST Net): each is a blend of a new uniform number and its predecessor.
 *
 * The lag-1 correlation is `correlation`. The blend is not uniform: it gathers around 0.5, so a
 * rate below 0.5 is met less often than it states, and a rate above 0.5 more often.
 *
 * @param correlation 0 (independent and uniform) to below 1
 */
export function correlatedChances(random: Random, correlation: number): () => number {
  if (correlation === 0) return () => random.next()
  let last = random.next()
  return () => {
    last = (1 - correlation) * random.next() + correlation * last
    return last
  }
}
