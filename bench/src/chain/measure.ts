import { runSegment, type Segment } from '../segment.js'
import type { ChainCase } from './cases.js'
import type { Contender, ContenderName } from './contender.js'
import type { ChainResult } from './result.js'

/**
 * Unmeasured load on each contender before a case's first round: caches fill, and V8 compiles hot
 * code in the background. With one second the first rounds of new connections were still slower.
 */
export const FIRST_WARM_UP_MS = 4_000
/** Warm-up before each measured segment. */
export const WARM_UP_MS = 300

export interface MeasureOptions {
  readonly rounds: number
  /** Length of the measured load in each segment, s. */
  readonly seconds: number
  readonly backends: readonly number[]
  readonly signal: AbortSignal
}

/**
 * Returns the order of a round: forwards, then backwards, so that drift of the machine affects all
 * contenders equally.
 *
 * @param round from 0
 */
export function orderOf<T>(contenders: readonly T[], round: number): T[] {
  return round % 2 === 0 ? [...contenders] : [...contenders].reverse()
}

/**
 * Runs a case on the contenders that can carry it. If the signal aborts, it ends with the rounds
 * that are complete.
 */
export async function measureCase(
  chainCase: ChainCase,
  contenders: readonly Contender[],
  { rounds, seconds, backends, signal }: MeasureOptions,
): Promise<ChainResult> {
  const able = contenders.filter(({ entries }) => entries[chainCase.service] !== undefined)
  const run = ({ entries, hops }: Contender, warmUpMs: number, measureMs: number): Promise<Segment> =>
    runSegment({
      scenario: chainCase,
      target: entries[chainCase.service]!,
      pids: { load: [process.pid], ...hops, backends },
      warmUpMs,
      measureMs,
      signal,
    })
  for (const contender of able) if (!signal.aborted) await run(contender, 0, FIRST_WARM_UP_MS)
  const whole: Map<ContenderName, Segment>[] = []
  for (let round = 0; round < rounds && !signal.aborted; round++) {
    const measured = new Map<ContenderName, Segment>()
    for (const contender of orderOf(able, round))
      if (!signal.aborted) measured.set(contender.name, await run(contender, WARM_UP_MS, seconds * 1000))
    if (!signal.aborted) whole.push(measured)
  }
  return {
    name: chainCase.name,
    words: chainCase.words,
    unit: chainCase.unit,
    connections: chainCase.connections,
    segments: Object.fromEntries(able.map(({ name }) => [name, whole.map((round) => round.get(name)!)])),
  }
}
