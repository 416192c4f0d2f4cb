import type { ClusterEvent, EventKind, StreamedEvent } from '../launcher/events/event.js'
import type { Output } from '../operations/command.js'
import { eventText } from './event-text.js'

/** Kinds that concern programs, or that others say better to a person who watches `up`. */
const QUIET: readonly EventKind[] = [
  'bgp.up',
  'drain.progress',
  'link.up',
  'operation',
  'ready',
  'role.ready',
  'role.started',
  'stopped',
  'stopping',
  'warning',
]

/** Part of a time in ISO 8601 that is the time of day. */
const TIME_OF_DAY_BEGIN = 11
const TIME_OF_DAY_END = 23
/** Width of most names of roles. */
const NODE_WIDTH = 9

/**
 * Renders one line of `up` for people: time, seconds since the start, place in the log and that of
 * the cause, and the event. Returns an empty text for an event that concerns only programs.
 */
export function renderEvent(event: ClusterEvent): string {
  if (QUIET.includes(event.kind)) return ''
  const cause = event.cause === undefined ? '' : ` ← #${event.cause}`
  return `${event.at} +${(event.mono / 1e6).toFixed(3)} s  #${event.seq}${cause}  ${eventText(event)}\n`
}

/**
 * Returns the output of `fivetuple events`: one line per event, with its place, that of its cause,
 * time of day and node. With a cause as root, events are indented below those that led to them.
 */
export function eventsOutput(): Output<null, StreamedEvent> {
  /** Depths of the events of a tree. */
  const depths = new Map<number, number>()
  const depthOf = ({ cause }: StreamedEvent): number => (cause === undefined ? 0 : (depths.get(cause) ?? -1) + 1)
  return {
    text: () => '',
    progress: (event, { parameters }) => {
      const isTree = parameters.cause !== undefined
      const depth = isTree ? depthOf(event) : 0
      if (isTree) depths.set(event.seq, depth)
      const cause = isTree || event.cause === undefined ? '' : `←${event.cause}`
      const columns = [
        String(event.seq).padStart(5),
        ...(isTree ? [] : [cause.padEnd(6)]),
        event.at.slice(TIME_OF_DAY_BEGIN, TIME_OF_DAY_END),
        event.node.padEnd(NODE_WIDTH),
      ]
      return `${columns.join('  ')}  ${'  '.repeat(depth)}${eventText(event)}\n`
    },
  }
}
