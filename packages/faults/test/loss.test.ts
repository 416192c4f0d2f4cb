import { type GilbertElliott, type Loss, meanBurstLength, seededRandom, stationaryLoss } from '@fivetuple/faults'
import t from 'tap'
import { type Run, run, share } from './run-fault.js'
import { isNear } from './statistics.js'

const COUNT = 100_000

const isDropped = (deliveries: readonly number[]): boolean => deliveries.length === 0

/** Mean number of packets in an unbroken run of drops, and the number of runs. */
function bursts({ deliveries }: Run): { readonly mean: number; readonly count: number } {
  const starts = deliveries.filter((times, i) => isDropped(times) && (i === 0 || !isDropped(deliveries[i - 1]!)))
  return { mean: deliveries.filter(isDropped).length / starts.length, count: starts.length }
}

t.test('loss: its share is met, drops are independent', async (t) => {
  for (const rate of [0.001, 0.01, 0.3, 0.9]) {
    const result = run([{ kind: 'loss', rate }], { count: COUNT })
    t.ok(isNear(share(result, isDropped), rate, COUNT), `rate ${rate}`)
    const { mean, count } = bursts(result)
    // The length of a run is geometric: mean 1 / (1 - rate), variance rate / (1 - rate)².
    const tolerance = (4 * Math.sqrt(rate)) / (1 - rate) / Math.sqrt(count)
    t.ok(Math.abs(mean - 1 / (1 - rate)) <= tolerance, `runs of ${mean}`)
  }
})

t.test('loss: 0 drops nothing, 1 drops everything, with correlation, too', async (t) => {
  for (const correlation of [0, 0.5, 0.99]) {
    t.equal(share(run([{ kind: 'loss', rate: 0, correlation }]), isDropped), 0)
    t.equal(share(run([{ kind: 'loss', rate: 1, correlation }]), isDropped), 1)
  }
})

/** Decisions of netem's get_crandom() and loss_event() with the kernel's integers. */
function netemDrops({ rate, correlation = 0 }: Loss, seed: number, count: number): boolean[] {
  const random = seededRandom(seed)
  const u32 = (): bigint => BigInt(Math.floor(random.next() * 2 ** 32))
  const rho = BigInt(Math.floor(correlation * 2 ** 32))
  const limit = BigInt(Math.floor(rate * 2 ** 32))
  let last = u32()
  return Array.from({ length: count }, () => {
    last = (u32() * (2n ** 32n - rho) + last * rho) >> 32n
    return last < limit
  })
}

t.test('loss: correlation as in netem', async (t) => {
  for (const [rate, correlation] of [
    [0.3, 0.25],
    [0.5, 0.5],
    [0.4, 0.9],
  ] as const) {
    const fault: Loss = { kind: 'loss', rate, correlation }
    const result = run([fault], { seed: 11 })
    const twin = netemDrops(fault, 11, result.deliveries.length)
    t.equal(
      result.deliveries.findIndex((times, i) => isDropped(times) !== twin[i]),
      -1,
    )
    const { mean } = bursts(result)
    const independent = 1 / (1 - share(result, isDropped))
    t.ok(mean > 1.05 * independent, `bursts of ${mean}, independent drops of ${independent}`)
  }
})

const CHANNELS: readonly GilbertElliott[] = [
  { kind: 'gilbert-elliott', p: 0.01, r: 0.25 },
  { kind: 'gilbert-elliott', p: 0.1, r: 0.5, lossInBad: 0.6 },
  { kind: 'gilbert-elliott', p: 0.05, r: 0.2, lossInBad: 0.8, lossInGood: 0.02 },
  { kind: 'gilbert-elliott', p: 1, r: 1, lossInBad: 1 },
]

for (const channel of CHANNELS)
  t.test(`Gilbert–Elliott ${JSON.stringify(channel)}`, async (t) => {
    const { p, r } = channel
    const result = run([channel], { count: COUNT })
    const loss = stationaryLoss(channel)
    // Successive states have the correlation 1 - p - r, which widens the variance of the share.
    const independent = COUNT * Math.min(1, (p + r) / (2 - p - r))
    t.ok(isNear(share(result, isDropped), loss, independent), `dropped ${share(result, isDropped)}, ${loss}`)
    const { mean, count } = bursts(result)
    const length = meanBurstLength(channel)
    t.ok(Math.abs(mean - length) <= (4 * length) / Math.sqrt(count), `runs of ${mean}, ${length}`)
  })

t.test('Gilbert–Elliott: formulas', async (t) => {
  const simple: GilbertElliott = { kind: 'gilbert-elliott', p: 0.01, r: 0.25 }
  t.equal(stationaryLoss(simple), 0.01 / 0.26)
  t.ok(Math.abs(meanBurstLength(simple) - 4) < 1e-12, 'mean time in the bad state')
  const uniform: GilbertElliott = { kind: 'gilbert-elliott', p: 0.3, r: 0.3, lossInBad: 0.2, lossInGood: 0.2 }
  t.ok(Math.abs(stationaryLoss(uniform) - 0.2) < 1e-12)
  t.ok(Math.abs(meanBurstLength(uniform) - 1.25) < 1e-12, 'the same as independent drops')
  t.equal(meanBurstLength({ ...simple, lossInGood: 1 }), Number.POSITIVE_INFINITY)
  t.ok(Number.isNaN(meanBurstLength({ ...simple, lossInBad: 0 })))
})
