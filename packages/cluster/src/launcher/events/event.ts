import type { HappeningOf } from '@fivetuple/runtime/happenings'
import type { EVENT_KINDS } from './kinds.js'

/** Happening of the cluster or of a role; its kinds are in `kinds.ts`. */
export type Happening = HappeningOf<typeof EVENT_KINDS>

/** Kind of an event. */
export type EventKind = Happening['kind']

/** Happening of one kind. */
export type HappeningOfKind<K extends EventKind> = Extract<Happening, { readonly kind: K }>

/** Place, time, origin and cause of an event. */
export interface EventEnvelope {
  /** Place in the log, from 1. A cause has a smaller one than its effects. */
  readonly seq: number
  /** Time of day, ISO 8601 in UTC, with milliseconds: to compare with other logs. */
  readonly at: string
  /**
   * Time since the launcher began to start the cluster, µs, on the monotonic clock that all
   * processes share: for differences. Taken where the event happened.
   */
  readonly mono: number
  /** Role that reports it or that it is about; `launcher` for the cluster. */
  readonly node: string
  /** Place of the event that led to it. */
  readonly cause?: number
}

/** Event of a cluster, as it is in the log. */
export type ClusterEvent = Happening & EventEnvelope

/** Events that are missing in a stream, since they have left the log: `from` to `seq`. */
export interface EventGap extends EventEnvelope {
  readonly kind: 'gap'
  readonly from: number
  readonly missed: number
}

/** Element of a stream of events. */
export type StreamedEvent = ClusterEvent | EventGap

/** Node of events that are about the cluster. */
export const LAUNCHER = 'launcher'

/** Addresses and processes of all roles. */
export type ReadyReport = Omit<HappeningOfKind<'ready'>, 'kind'>
export type ReadyVip = ReadyReport['vips'][number]
export type ReadyBackend = ReadyReport['backends'][number]
export type ReadySwitch = ReadyReport['switches'][number]
