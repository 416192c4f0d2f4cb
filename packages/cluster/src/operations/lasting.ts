import * as Type from 'typebox'
import { duration } from './parsers.js'
import { optional } from './schemas.js'

/** Longest time after which a fault ends by itself: a day. */
const FOR_MAX_MS = 86_400_000

/** Parameters of every operation that injects a fault. */
export const lasting = {
  /** Time after which the fault ends by itself, ms; missing: it lasts until it is cleared. */
  forMs: optional(
    Type.Integer({ minimum: 1, maximum: FOR_MAX_MS, title: `a whole number from 1 to ${FOR_MAX_MS} ms, a day` }),
  ),
}

/** Option of every command that injects a fault. */
export const forOption = {
  flags: '--for <duration>',
  sets: 'forMs',
  description: 'clear the fault after this time',
  parse: duration,
} as const
