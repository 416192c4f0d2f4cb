import type { Segment } from '../segment.js'
import { median, ratioOf, type Spread } from '../statistics.js'
import type { ChainCase } from './cases.js'
import { CONTENDERS, type ContenderName } from './contender.js'

/** Results of the same load on each contender, round by round. */
export interface ChainResult {
  readonly name: string
  /** Description for display. */
  readonly words: string
  readonly unit: ChainCase['unit']
  readonly connections: number
  /** Segments per contender, one for each round. Contenders that can't carry it are missing. */
  readonly segments: Readonly<Partial<Record<ContenderName, readonly Segment[]>>>
}

type Counted = Pick<ChainResult, 'unit'>

/** Figure of a segment by which contenders are compared. */
export type Figure = (segment: Segment) => number

export const MEBIBYTE = 1024 ** 2

/** Kinds of process that are not between client and backend. */
const ENDS: readonly string[] = ['load', 'backends']

export const p50Ms: Figure = (segment) => segment.p50Ms
export const p99Ms: Figure = (segment) => segment.p99Ms

/** Requests per second, or MiB per second for cases with bodies. */
export function speedOf({ unit }: Counted): Figure {
  return unit === 'requests'
    ? ({ requestsPerSecond }) => requestsPerSecond
    : ({ bytesPerSecond }) => bytesPerSecond / MEBIBYTE
}

/** CPU µs for each request, or for each MiB, of one kind of process. */
export function cpuMicrosOf({ unit }: Counted, kind: string): Figure {
  return (segment) => ((segment.cpuSeconds[kind] ?? Number.NaN) * 1e6) / workOf(unit, segment)
}

/** CPU µs for each request, or for each MiB, of all processes between client and backend. */
export function fabricCpuMicrosOf({ unit }: Counted): Figure {
  return (segment) => {
    const parts = Object.entries(segment.cpuSeconds).filter(([kind]) => !ENDS.includes(kind))
    return (parts.reduce((sum, [, seconds]) => sum + seconds, 0) * 1e6) / workOf(unit, segment)
  }
}

function workOf(unit: ChainCase['unit'], { requests, bytes }: Segment): number {
  return unit === 'requests' ? requests : bytes / MEBIBYTE
}

/** Kinds of process between client and backend. */
export function hopsOf({ cpuSeconds }: Segment): string[] {
  return Object.keys(cpuSeconds).filter((kind) => !ENDS.includes(kind))
}

/** Contenders that have whole rounds. */
export function measuredContenders({ segments }: ChainResult): ContenderName[] {
  return CONTENDERS.filter((contender) => (segments[contender]?.length ?? 0) > 0)
}

/** @param contender one of `measuredContenders` */
export function medianOf({ segments }: ChainResult, contender: ContenderName, pick: Figure): number {
  return median(segments[contender]!.map(pick))
}

/**
 * Returns the ratios of fivetuple to another contender, round by round; undefined if either has no
 * rounds.
 */
export function ratioTo(result: ChainResult, other: ContenderName, pick: Figure): Spread | undefined {
  const ours = result.segments.fivetuple
  const theirs = result.segments[other]
  return ours && theirs ? ratioOf(theirs.map(pick), ours.map(pick)) : undefined
}

/** Failures on a contender per cause, over all rounds. */
export function errorsOf({ segments }: ChainResult, contender: ContenderName): Record<string, number> {
  const errors: Record<string, number> = {}
  for (const segment of segments[contender] ?? [])
    for (const [cause, count] of Object.entries(segment.errors)) errors[cause] = (errors[cause] ?? 0) + count
  return errors
}
