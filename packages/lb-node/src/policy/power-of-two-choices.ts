import { chance } from './chance.js'
import { isLessLoaded } from './load.js'
import type { BackendPolicy } from './policy.js'
import { weightedChoice } from './weighted-choice.js'

/**
 * Two backends at random, and of these the one with fewer sessions for its weight (Mitzenmacher
 * 2001): nearly as even as looking at all of them, and LBs that see only their own sessions don't
 * all run to the same backend.
 */
export const powerOfTwoChoices: BackendPolicy = {
  name: 'power-of-two-choices',
  pick(flow, { backends, flowNumber }) {
    const first = weightedChoice(backends, chance(flow, flowNumber, 0))
    if (first === -1) return -1
    const second = weightedChoice(backends, chance(flow, flowNumber, 1), backends[first])
    return second !== -1 && isLessLoaded(backends[second]!, backends[first]!) ? second : first
  },
}
