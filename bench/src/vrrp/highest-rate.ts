import { strict as assert } from 'node:assert'

/** Verdict on the rate of a run. `void`: none, since the load was not as intended. */
export type RateVerdict = 'good' | 'bad' | 'void'

/** One run at one rate. */
export interface RateTrial<T> {
  /** Requests per second. */
  readonly rate: number
  readonly verdict: RateVerdict
  readonly result: T
}

/** Bad runs that make a rate bad: a pause of the machine can spoil any single run. */
const BAD_MAX = 2
/** Void runs after which the search ends, on a machine that is too busy. */
const TRIES_MAX = 5

export interface RateSearch {
  /** Rates to try, ascending, at least one. */
  readonly ladder: readonly number[]
  /** Number of times that the gap between the last good rate and the first bad one is halved. */
  readonly halvings: number
}

/**
 * Searches for the highest good rate: up the ladder to the first bad rate, then between it and the
 * one below (0 below the first). A rate is good as soon as one run is good.
 *
 * @returns all trials in order; the result is the highest good rate in them
 */
export async function highestRate<T>(
  { ladder, halvings }: RateSearch,
  attempt: (rate: number) => Promise<{ readonly verdict: RateVerdict; readonly result: T }>,
): Promise<RateTrial<T>[]> {
  assert(ladder.length > 0)
  const trials: RateTrial<T>[] = []
  const isGood = async (rate: number): Promise<boolean> => {
    for (let tries = 0, bad = 0; tries < TRIES_MAX && bad < BAD_MAX; tries++) {
      const outcome = await attempt(rate)
      trials.push({ rate, ...outcome })
      if (outcome.verdict === 'good') return true
      if (outcome.verdict === 'bad') bad++
    }
    return false
  }
  let good = 0
  let bad: number | undefined
  for (const rate of ladder) {
    if (!(await isGood(rate))) {
      bad = rate
      break
    }
    good = rate
  }
  for (let i = 0; i < halvings && bad !== undefined; i++) {
    const middle = Math.round((good + bad) / 2)
    if (await isGood(middle)) good = middle
    else bad = middle
  }
  return trials
}
