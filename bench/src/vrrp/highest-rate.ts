import { strict as assert } from 'node:assert'

/** One rate that was tried. */
export interface RateTrial<T> {
  /** Requests per second. */
  readonly rate: number
  readonly isGood: boolean
  readonly result: T
}

export interface RateSearch {
  /** Rates to climb, ascending, at least one. */
  readonly ladder: readonly number[]
  /** How often the gap between the last good rate and the first bad one is halved. */
  readonly halvings: number
}

/**
 * Looks for the highest rate that is good: up the ladder to the first bad rung, then between it and the one below (0 below
 * the first). A bad rate counts only when it is bad twice, since a pause of the machine can spoil any run.
 *
 * @returns all trials in order; the answer is the highest good rate in them
 */
export async function highestRate<T>(
  { ladder, halvings }: RateSearch,
  attempt: (rate: number) => Promise<{ readonly isGood: boolean; readonly result: T }>,
): Promise<RateTrial<T>[]> {
  assert(ladder.length > 0)
  const trials: RateTrial<T>[] = []
  const isGood = async (rate: number): Promise<boolean> => {
    for (let again = 0; again < 2; again++) {
      const outcome = await attempt(rate)
      trials.push({ rate, ...outcome })
      if (outcome.isGood) return true
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
