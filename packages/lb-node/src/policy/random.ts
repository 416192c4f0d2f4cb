import { chance } from './chance.js'
import type { BackendPolicy } from './policy.js'
import { weightedChoice } from './weighted-choice.js'

/**
 * Any eligible backend, in proportion to the weights. LBs that don't know of each other don't fall
 * into step.
 */
export const random: BackendPolicy = {
  name: 'random',
  pick: (flow, { backends, flowNumber }) => weightedChoice(backends, chance(flow, flowNumber, 0)),
}
