import { type ClusterEvent, LAUNCHER, type StreamedEvent } from './event.js'
import type { EventLog } from './event-log.js'
import { isOfKind } from './is-of-kind.js'

/** Events that a reader wants. */
export interface EventSelection {
  /** Place behind which it begins; undefined: with the oldest event that is kept. */
  readonly after?: number | undefined
  /** Kinds, or their first words: `bgp` is `bgp.up` and `bgp.down`. Undefined: all. */
  readonly kinds?: readonly string[] | undefined
  /** Nodes; undefined: all. */
  readonly nodes?: readonly string[] | undefined
  /** Place of an event: it and all that followed from it. Undefined: all. */
  readonly cause?: number | undefined
}

/**
 * Reads the log: the events that are there, and then those that follow until the log is closed or
 * the signal aborts. The reader has a place and no queue. If it is so slow that events leave the
 * log before it has read them, it gets their number instead, as a gap.
 *
 * @param follow false: ends at the newest event
 */
export async function* readEvents(
  log: EventLog,
  selection: EventSelection,
  follow: boolean,
  signal: AbortSignal,
): AsyncGenerator<StreamedEvent, void, undefined> {
  const isSelected = selector(selection)
  let seq = selection.after ?? log.first - 1
  while (!signal.aborted) {
    if (seq >= log.last) {
      if (!follow || log.isClosed) return
      await nextChange(log, signal)
    } else if (seq < log.first - 1) {
      yield gapUpTo(log, seq)
      seq = log.first - 1
    } else {
      const event = log.at(++seq)!
      if (isSelected(event)) yield event
    }
  }
}

/** Returns the events behind a place that have left the log, as one element of a stream. */
function gapUpTo(log: EventLog, after: number): StreamedEvent {
  const { at, mono } = log.at(log.first)!
  const seq = log.first - 1
  return { seq, at, mono, node: LAUNCHER, kind: 'gap', from: after + 1, missed: seq - after }
}

function selector({ kinds, nodes, cause }: EventSelection): (event: ClusterEvent) => boolean {
  const descendants = new Set<number>(cause === undefined ? [] : [cause])
  return (event) => {
    if (cause !== undefined) {
      if (event.cause !== undefined && descendants.has(event.cause)) descendants.add(event.seq)
      if (!descendants.has(event.seq)) return false
    }
    return (
      (nodes === undefined || nodes.includes(event.node)) &&
      (kinds === undefined || kinds.some((kind) => isOfKind(event.kind, kind)))
    )
  }
}

function nextChange(log: EventLog, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      unsubscribe()
      signal.removeEventListener('abort', finish)
      resolve()
    }
    const unsubscribe = log.subscribe(finish)
    signal.addEventListener('abort', finish)
  })
}
