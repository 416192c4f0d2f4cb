import type { BackendPolicy, PolicyBackend, PolicySnapshot } from './policy.js'

/** Turns after which the schedule repeats, at most: weights are rounded to fit. */
const TURNS_MAX = 2_048

/**
 * Turns in proportion to the weights, and smoothly: weights 5, 1, 1 give a a b a c a a and not five
 * times a in a row. The order is that of nginx's and IPVS's smooth weighted round-robin; one round
 * of it is worked out when backends change, so that a pick is one look at a table.
 */
export class WeightedRoundRobin implements BackendPolicy {
  readonly name = 'weighted-round-robin'
  #version = -1
  #turns: readonly number[] = []

  pick(_flow: unknown, { backends, version, flowNumber }: PolicySnapshot): number {
    if (version !== this.#version) {
      this.#turns = smoothTurns(backends)
      this.#version = version
    }
    return this.#turns.length === 0 ? -1 : this.#turns[flowNumber % this.#turns.length]!
  }
}

/**
 * One round: in each turn everyone earns their weight, the richest has the turn and pays what all
 * have earned.
 */
function smoothTurns(backends: readonly PolicyBackend[]): number[] {
  const weights = shortWeights(backends.map(({ eligible, weight }) => (eligible ? weight : 0)))
  const total = weights.reduce((a, b) => a + b, 0)
  const earned = new Array<number>(weights.length).fill(0)
  return Array.from({ length: total }, () => {
    let richest = -1
    for (let i = 0; i < weights.length; i++) {
      if (weights[i] === 0) continue
      earned[i]! += weights[i]!
      if (richest === -1 || earned[i]! > earned[richest]!) richest = i
    }
    earned[richest]! -= total
    return richest
  })
}

/**
 * The same proportions in small whole numbers; as near as it gets when a round would be too long,
 * and nobody left out.
 */
function shortWeights(weights: readonly number[]): number[] {
  const divisor = weights.reduce(gcd, 0)
  const total = weights.reduce((a, b) => a + b, 0)
  if (total <= TURNS_MAX * divisor) return weights.map((weight) => (divisor === 0 ? 0 : weight / divisor))
  const scale = TURNS_MAX / total
  return weights.map((weight) => (weight === 0 ? 0 : Math.max(1, Math.round(weight * scale))))
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}
