import * as Type from 'typebox'
import { ApiError } from '../api/problem.js'
import { parseDuration } from '../config/duration.js'
import type { EventsControl } from './control.js'
import { feedOperation } from './operation.js'
import { names, whole } from './parsers.js'
import { Count, Flag, lazily, list, Name, optional, strict } from './schemas.js'

const SEQ_MAX = 999_999_999

/** Operations on the log of events. */
export const eventsOperations = [
  feedOperation({
    name: 'events',
    summary:
      'Streams the events of the cluster, each with its place, time, origin and cause: those that the log has, and with `follow` those that come. One JSON document per line, or server-sent events if `Accept` or `format` says so. A reader that is too slow gets a `gap`.',
    method: 'GET',
    path: '/v1/events',
    parameters: strict({
      follow: optional(Flag),
      since: optional(Type.String({ maxLength: 16, title: 'the place of an event, or a duration such as 5m' })),
      kind: optional(list(Name)),
      node: optional(list(Name)),
      cause: optional(Count),
      format: optional(Type.Enum(['ndjson', 'sse'], { title: 'ndjson or sse' })),
    }),
    progress: lazily(() => import('../launcher/events/event-schema.js').then(({ EventSchema }) => EventSchema)),
    commands: [
      {
        words: 'events',
        group: 'Inspection:',
        description: 'show what happened, and which event led to it',
        options: [
          { flags: '-f, --follow', sets: 'follow', description: 'go on with the events that come' },
          {
            flags: '--since <place>',
            sets: 'since',
            description: 'events behind a place in the log, as 41, or of the last time, as 5m',
          },
          {
            flags: '--kind <kinds>',
            sets: 'kind',
            description: 'kinds or their first words, separated by commas, as bgp,flows.reset',
            parse: names,
          },
          { flags: '--node <nodes>', sets: 'node', description: 'roles, separated by commas', parse: names },
          {
            flags: '--cause <seq>',
            sets: 'cause',
            description: 'an event and all that followed from it, as a tree',
            parse: whole(1, SEQ_MAX),
          },
        ],
        examples: ['events', 'events -f --kind bgp,route', 'events --since 5m --node lb-2', 'events --cause 41'],
        output: () => import('../cli/event-report.js').then(({ eventsOutput }) => eventsOutput()),
      },
    ],
    async *run({ events }, { follow = false, since, kind: kinds, node: nodes, cause }, signal) {
      if (kinds !== undefined) await checkKinds(kinds)
      const after = since === undefined ? undefined : placeOf(since, events)
      // Causes come before their effects, so nothing that followed is missed.
      const start = after ?? (cause === undefined ? undefined : Math.max(cause - 1, events.log.first - 1))
      yield* events.read({ after: start, kinds, nodes, cause }, follow, signal)
    },
  }),
] as const

/** Returns the place behind which a reader begins. Throws an ApiError if there is none. */
function placeOf(since: string, events: EventsControl): number {
  if (/^\d{1,15}$/.test(since)) {
    const place = Number(since)
    const { last } = events.log
    if (place <= last) return place
    throw new ApiError(400, `since is ${since}, and the last event is ${last}: give its place at most`)
  }
  const ms = parseDuration(since)
  if (ms !== undefined) return events.placeBefore(ms)
  throw new ApiError(400, `since is '${since}': give the place of an event, as 41, or a duration, as 5m`)
}

/** Throws an ApiError if no event is of a kind. */
async function checkKinds(selected: readonly string[]): Promise<void> {
  const [{ EVENT_KINDS }, { isOfKind }] = await Promise.all([
    import('../launcher/events/kinds.js'),
    import('../launcher/events/is-of-kind.js'),
  ])
  const kinds = Object.keys(EVENT_KINDS)
  for (const kind of selected)
    if (!kinds.some((known) => isOfKind(known, kind)))
      throw new ApiError(400, `kind '${kind}' is unknown: there are ${kinds.join(', ')}, and their first words`)
}
