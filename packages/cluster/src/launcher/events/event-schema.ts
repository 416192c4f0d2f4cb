import { happeningKind, happeningSchemas } from '@fivetuple/runtime/happenings'
import { Count, Text } from '@fivetuple/runtime/schemas'
import Type from 'typebox'
import type { StreamedEvent } from './event.js'
import { EVENT_KINDS } from './kinds.js'

/** Fields of each event beside those of its kind. */
export const ENVELOPE = {
  /** Place in the log, from 1. */
  seq: Type.Integer({ minimum: 1 }),
  /** Time of day, ISO 8601 in UTC, with milliseconds. */
  at: Text,
  /** Time since the launcher began to start the cluster, µs, on the monotonic clock. */
  mono: Type.Integer({ minimum: 0 }),
  /** Role that reports it or that it is about; `launcher` for the cluster. */
  node: Text,
  /** Place of the event that led to it. */
  cause: Type.Optional(Type.Integer({ minimum: 1 })),
}

/** Events that are missing in a stream, since they have left the log: up to `seq`. */
export const GAP = happeningKind('Events that have left the log before they were read; not an event itself.', {
  /** Place of the first of them. */
  from: Count,
  missed: Count,
})

/** Schema of a line of a stream of events. */
export const EventSchema = Type.Unsafe<StreamedEvent>(
  Type.Union(happeningSchemas({ ...EVENT_KINDS, gap: GAP }, ENVELOPE)),
)
