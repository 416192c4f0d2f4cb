import { readFileSync } from 'node:fs'
import { ClusterProcess } from '../cluster-process.js'
import { usageOf } from '../process-usage.js'
import { runWrk, type WrkResult } from './wrk.js'

/** One kind of traffic. */
export interface CardScenario {
  readonly name: string
  readonly connections: number
  readonly isFresh: boolean
}

export const CARD_SCENARIOS: readonly CardScenario[] = [
  { name: 'keep-alive-64', connections: 64, isFresh: false },
  { name: 'keep-alive-256', connections: 256, isFresh: false },
  { name: 'new-connections', connections: 64, isFresh: true },
]

/** One stretch of load on one cluster. */
export interface CardSegment extends WrkResult {
  /** CPU microseconds per request, by kind of process. */
  readonly cpuMicros: Readonly<Record<string, number>>
  /** Share of the uplink switch's CPU time that each of its line cards took; empty: it is one process. */
  readonly cardShares: readonly number[]
}

/** A cluster with so many line cards per switch, and what was measured of it, by scenario. */
export interface CardMeasurement {
  readonly lineCards: number
  readonly segments: Readonly<Record<string, CardSegment[]>>
}

export interface CompareCardsOptions {
  readonly lineCards: readonly number[]
  readonly lbs: number
  readonly backends: number
  readonly seconds: number
  readonly rounds: number
  readonly onStep: (what: string) => void
}

/** Clusters that differ in nothing but their line cards, side by side, under load in turns. */
export async function compareCards(options: CompareCardsOptions): Promise<CardMeasurement[]> {
  const { lineCards, lbs, backends, seconds, rounds, onStep } = options
  const clusters: ClusterProcess[] = []
  const measurements = lineCards.map((cards) => ({
    lineCards: cards,
    segments: Object.fromEntries(CARD_SCENARIOS.map(({ name }): [string, CardSegment[]] => [name, []])),
  }))
  try {
    for (const cards of lineCards)
      clusters.push(await ClusterProcess.start(lbs, backends, `lineCards: ${cards}\nchecks: false\n`))
    for (const scenario of CARD_SCENARIOS) {
      onStep(scenario.name)
      for (const cluster of clusters) await measure(cluster, scenario, 1)
      for (let round = 0; round < rounds; round++)
        for (const [i, cluster] of clusters.entries())
          measurements[i]!.segments[scenario.name]!.push(await measure(cluster, scenario, seconds))
    }
  } finally {
    for (const cluster of clusters) await cluster.stop()
  }
  return measurements
}

async function measure(cluster: ClusterProcess, scenario: CardScenario, seconds: number): Promise<CardSegment> {
  const { uplink, downlink, lbs, backends } = cluster.pids()
  const kinds: Record<string, readonly number[]> = {
    uplink: withChildren(uplink!),
    lbs: lbs!,
    downlink: withChildren(downlink!),
    backends: backends!,
  }
  const cards = withChildren(uplink!).slice(1)
  const read = () => ({
    kinds: Object.entries(kinds).map(([kind, pids]): [string, number] => [kind, cpuSeconds(pids)]),
    cards: cards.map((pid) => cpuSeconds([pid])),
  })
  const before = read()
  const result = await runWrk({ ...scenario, url: `http://${cluster.ready.vips[0]!.listen}/`, seconds })
  const after = read()
  const cardSeconds = after.cards.map((cpu, i) => cpu - before.cards[i]!)
  const allCards = cardSeconds.reduce((sum, cpu) => sum + cpu, 0)
  return {
    ...result,
    cpuMicros: Object.fromEntries(
      after.kinds.map(([kind, cpu], i) => [kind, ((cpu - before.kinds[i]![1]) * 1e6) / result.requests]),
    ),
    cardShares: cardSeconds.map((cpu) => cpu / allCards),
  }
}

function cpuSeconds(pids: readonly number[]): number {
  return usageOf(pids)?.cpuSeconds ?? Number.NaN
}

/** Some processes, and behind them those that they have forked (Linux). */
function withChildren(pids: readonly number[]): number[] {
  const children = pids.flatMap((pid) => {
    try {
      return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
    } catch {
      return []
    }
  })
  return [...pids, ...children]
}
