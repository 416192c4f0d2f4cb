import type { Behavior } from '@fivetuple/backend'

/** What the control API tells of failures that operators inject. */

/** What was done, and where its effect shows. */
export interface FaultReport {
  /** A sentence. */
  readonly summary: string
  /** What else it breaks, where that is a lot. */
  readonly warnings: readonly string[]
  /** Commands that show the effect, and what is seen there when. */
  readonly watch: readonly Watch[]
  /** The command that undoes it; null when nothing is left to undo. */
  readonly undo: string | null
}

export interface Watch {
  readonly command: string
  readonly expect: string
}

export type LinkSide = 'uplink' | 'downlink'
/** One or both links of an LB. */
export type LinkSides = LinkSide | 'both'

/** Something that is broken on purpose now. */
export type Fault = (
  | { readonly kind: 'paused'; readonly role: string }
  | { readonly kind: 'kept-stopped'; readonly role: string }
  | { readonly kind: 'link-down'; readonly role: string; readonly side: LinkSide }
  /** `behavior` is what differs from good behaviour. */
  | { readonly kind: 'misbehaving'; readonly role: string; readonly behavior: Partial<Behavior> }
) & {
  /** A sentence. */
  readonly description: string
  /** The command that undoes it. */
  readonly undo: string
}

export interface FaultList {
  readonly faults: readonly Fault[]
  /** Roles that could not be asked, and why. */
  readonly unreachable: readonly { readonly name: string; readonly reason: string }[]
}

export interface ClearedFaults {
  readonly cleared: readonly Fault[]
  readonly failed: readonly { readonly fault: Fault; readonly reason: string }[]
  /** What is not back all the same. */
  readonly warnings: readonly string[]
}

/** One step of a rolling restart; `atMs` counts from its start. */
export type RollingStep = {
  readonly atMs: number
} /** New flows are kept away until it has no sessions, or for as long as was asked for. */ & (
  | { readonly step: 'draining'; readonly lb: string; readonly sessions: number }
  /** It is stopped in order and started; the sessions that it still has end with it. */
  | { readonly step: 'restarting'; readonly lb: string; readonly sessions: number }
  /** It is ready and all its routes are back. */
  | { readonly step: 'routed'; readonly lb: string; readonly vips: readonly string[]; readonly tookMs: number }
  /** It carries new flows; 0: none has come for a while. */
  | { readonly step: 'carrying'; readonly lb: string; readonly newFlows: number }
  | { readonly step: 'done'; readonly lbs: readonly string[] }
  /** One did not come back; those after it were not touched. */
  | { readonly step: 'failed'; readonly lb: string; readonly reason: string }
)
