import type { FaultKind } from '../fault-kind.js'
import { chance } from '../field.js'

/**
 * Drops packets in bursts: a Markov chain with a good and a bad state moves once per packet, and
 * each state has a loss probability of its own.
 *
 * Source: E. N. Gilbert, "Capacity of a burst-noise channel", Bell System Technical Journal 39
 * (1960), 1253–1265; E. O. Elliott, "Estimates of error rates for codes on burst-noise channels",
 * ibid. 42 (1963), 1977–1997. netem's `loss gemodel` has the same four parameters: `lossInBad` is
 * its 1-h, `lossInGood` its 1-k. netem starts in the good state, this one in a state drawn from the
 * stationary distribution, so that the first packets count like all others.
 *
 * Share of packets in the bad state: p / (p + r). Stationary loss: {@link stationaryLoss}. Mean
 * time in the bad state: 1 / r packets. Mean length of a run of drops: {@link meanBurstLength}.
 */
export interface GilbertElliott {
  readonly kind: 'gilbert-elliott'
  /** Probability of the move from good to bad, above 0, to 1. */
  readonly p: number
  /** Probability of the move from bad to good, above 0, to 1. */
  readonly r: number
  /** Loss probability in the bad state, 0 to 1. Default 1 (Gilbert's simple channel). */
  readonly lossInBad?: number
  /** Loss probability in the good state, 0 to 1. Default 0. */
  readonly lossInGood?: number
}

const LOSS_IN_BAD = 1
const LOSS_IN_GOOD = 0

export const gilbertElliott: FaultKind<GilbertElliott> = {
  kind: 'gilbert-elliott',
  summary: 'packets are dropped in bursts',
  fields: {
    p: { ...chance('chance per packet of the move from good to bad'), isAboveMin: true },
    r: { ...chance('chance per packet of the move from bad to good'), isAboveMin: true },
    lossInBad: { ...chance('share of packets that are dropped in the bad state'), default: LOSS_IN_BAD },
    lossInGood: { ...chance('share of packets that are dropped in the good state'), default: LOSS_IN_GOOD },
  },
  shorthand: ['p', 'r', 'lossInBad', 'lossInGood'],
  usesChance: () => true,
  reorders: () => false,
  start({ p, r, lossInBad, lossInGood }, random) {
    let isBad = random.next() < p / (p + r)
    return {
      pass: (_bytes, at, out) => {
        if (random.next() >= (isBad ? lossInBad : lossInGood)) out.push(at)
        if (random.next() < (isBad ? r : p)) isBad = !isBad
      },
    }
  },
}

/** Returns the share of packets that the fault drops in the long run, 0 to 1. */
export function stationaryLoss(fault: GilbertElliott): number {
  const { p, r, lossInBad = LOSS_IN_BAD, lossInGood = LOSS_IN_GOOD } = fault
  return (p * lossInBad + r * lossInGood) / (p + r)
}

/**
 * Returns the mean number of packets in an unbroken run of drops; Infinity if all are dropped, NaN
 * if none is. It is 1 / r if all packets of the bad state are dropped and none of the good one.
 *
 * In the long run there are as many runs as drops that follow a delivery, so the mean is the
 * stationary loss divided by the probability of a delivery with a drop behind it.
 */
export function meanBurstLength(fault: GilbertElliott): number {
  const { p, r, lossInBad = LOSS_IN_BAD, lossInGood = LOSS_IN_GOOD } = fault
  const inBad = p / (p + r)
  const startsAfterGood = (1 - inBad) * (1 - lossInGood) * ((1 - p) * lossInGood + p * lossInBad)
  const startsAfterBad = inBad * (1 - lossInBad) * ((1 - r) * lossInBad + r * lossInGood)
  return stationaryLoss(fault) / (startsAfterGood + startsAfterBad)
}
