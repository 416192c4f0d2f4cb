import type { Happening } from '@fivetuple/runtime'
import { ClusterEvents } from '../../../dist/launcher/events/cluster-events.js'
import type { ClusterEvent, StreamedEvent } from '../../../dist/launcher/events/event.js'
import type { EventSelection } from '../../../dist/launcher/events/read-events.js'
import { VirtualTimers } from '../virtual-timers.js'

const START_US = 5_000_000
/** 2026-01-01T00:00:00Z */
const START_MS = Date.UTC(2026, 0)

/** Events of a cluster on virtual time. */
export class EventRig {
  readonly timers = new VirtualTimers()
  readonly seen: ClusterEvent[] = []
  readonly events: ClusterEvents

  constructor(kept?: number) {
    const { timers } = this
    this.events = new ClusterEvents({
      vips: [{ name: 'web', address: '127.20.10.1' }],
      kept,
      onEvent: (event) => this.seen.push(event),
      timers,
      nowUs: () => this.nowUs,
      nowMs: () => START_MS + timers.now(),
    })
  }

  /** Time on the monotonic clock of the machine, µs. */
  get nowUs(): number {
    return START_US + this.timers.now() * 1_000
  }

  /** A role reports now; ids and causes are local. */
  reports(node: string, ...batch: readonly (Happening & { readonly id: number; readonly cause?: number })[]): void {
    this.events.onReports(
      node,
      batch.map((happening) => ({ ...happening, mono: this.nowUs })),
    )
  }

  /** Events so far, as `place kind of node` and the place of the cause. */
  get chain(): string[] {
    return this.seen.map(
      ({ seq, kind, node, cause }) => `${seq} ${kind} ${node}${cause === undefined ? '' : ` ← ${cause}`}`,
    )
  }

  /** Reads what the log has now. */
  async read(selection: EventSelection = {}): Promise<StreamedEvent[]> {
    const read: StreamedEvent[] = []
    for await (const event of this.events.read(selection, false, new AbortController().signal)) read.push(event)
    return read
  }
}
