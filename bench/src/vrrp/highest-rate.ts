import { strict as assert } from 'node:assert'

/** What a run says of its rate; `void`: nothing, since the load was not what it was meant to be. */
export type RateVerdict = 'good' | 'bad' | 'void'

/** One run at one rate. */
export interface RateTrial<T> {
  /** Requests per second. */
  readonly rate: number
  readonly verdict: RateVerdict
  readonly result: T
}

/** A pause of the machine can spoil any run, so it takes two bad ones to make a rate bad. */
const BAD_MAX = 2
/** On a machine that is too busy for any of them to count the search must still end. */
const TRIES_MAX = 5

export interface RateSearch {
  /** Rates to climb, ascending, at least one. */
  readonly ladder: readonly number[]
  /** How often the gap between the last good rate and the first bad one is halved. */
  readonly halvings: number
}

/**
 * Looks for the highest rate that is good: up the ladder to the first bad rung, then between it and
 * the one below (0 below the first). A rate is good as soon as one run is.
 *
 * @returns all trials in order; the answer is the highest good rate in them
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
