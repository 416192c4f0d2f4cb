/** End of a flow as the client edge sees it. */
export const EdgeEnd = {
  /** It has not ended. */
  OPEN: 0,
  /** Both ends have sent FIN. */
  CLOSED: 1,
  /** RST from the fabric after the handshake. */
  RESET: 2,
  /** RST or ICMP in response to the SYN. */
  REFUSED: 3,
  /** RST from the client, or its socket has closed without FIN. */
  ABORTED: 4,
  /** No response within the user timeout, or to keep-alive probes. */
  TIMEOUT: 5,
  /** The edge had no room for it, or its five-tuple was in use. */
  NO_ROOM: 6,
  /** A UDP flow without a datagram for the idle time. */
  IDLE: 7,
  /** The edge has stopped. */
  STOPPED: 8,
  /** The process of the edge has ended without an order. Set by the collector. */
  VANISHED: 9,
} as const
export type EdgeEnd = (typeof EdgeEnd)[keyof typeof EdgeEnd]

/**
 * Place of a flow's next hop in relation to its home, the LB that had it when it was established.
 * It changes only when the next hop does.
 */
export const HopFate = {
  /** The next hop has always been the home. */
  KEPT: 0,
  /** Another LB, since a change of the route after which the home was still a next hop. */
  AWAY: 1,
  /** Another LB or none, since a change of the route that took the home away. */
  GONE: 2,
  /** The home again, after AWAY. */
  RETURNED: 3,
  /** The home again, after GONE. */
  RESTORED: 4,
} as const
export type HopFate = (typeof HopFate)[keyof typeof HopFate]

/** Port of a flow without a next hop. */
export const NO_HOP = 0

/** A change of a flow's next hop. */
export interface HopChange {
  /** ms */
  readonly at: number
  /** Port of the uplink switch, which is the number of the LB; {@link NO_HOP}: none. */
  readonly port: number
  /** Event of the switch that changed the route; 0: unknown, or the flow's beginning. */
  readonly cause: number
}

/** Totals of a flow that its edge counts. */
export interface FlowTotals {
  /** True if both ends have closed, although the flow may still be kept for a while. */
  readonly isOver: boolean
  /** Time of the last byte or control segment in either direction, ms. */
  readonly lastAt: number
  /** From the client. */
  readonly bytesToFabric: number
  /** To the client. */
  readonly bytesFromFabric: number
}

/** Changes of one flow's next hop that are kept: the first ones and the last one. */
const CHANGES_MAX = 16

/** A flow that a client has opened, as the client edge sees it. */
export class EdgeFlow {
  /** Number within its edge, from 1. */
  readonly id: number
  readonly protocol: number
  readonly client: number
  readonly clientPort: number
  readonly vip: number
  readonly vipPort: number
  /** ms */
  readonly openedAt: number
  totals: FlowTotals | undefined
  /** Port of its first next hop. */
  firstPort: number
  /** Port of the LB that has it since it was established. */
  home: number
  /** Port of its next hop now. */
  port: number
  fate: HopFate = HopFate.KEPT
  /** Event that took it from its home; 0: none, or unknown. */
  fateCause = 0
  /**
   * Bytes to the client at the last change of the next hop: UDP shows by them whether it goes on.
   */
  bytesFromClientAtChange = 0
  bytesToClientAtChange = 0
  isEstablished = false
  /** Changes of its next hop; undefined: it has none. */
  changes: HopChange[] | undefined
  /** Number of all changes of its next hop. */
  changeCount = 0
  end: EdgeEnd = EdgeEnd.OPEN
  endedAt = 0
  /** Number of the last change of the route that was applied to it. */
  appliedPass: number
  /** True while a row of it waits to be sent. */
  isPending = false

  constructor(
    id: number,
    protocol: number,
    client: number,
    vip: number,
    clientPort: number,
    vipPort: number,
    port: number,
    appliedPass: number,
    now: number,
  ) {
    this.id = id
    this.protocol = protocol
    this.client = client
    this.clientPort = clientPort
    this.vip = vip
    this.vipPort = vipPort
    this.openedAt = now
    this.firstPort = port
    this.home = port
    this.port = port
    this.appliedPass = appliedPass
  }

  /** Moves it to another next hop. @param isHomeRouted true if its home is still a next hop */
  moveTo(port: number, isHomeRouted: boolean, cause: number, now: number): void {
    this.changes ??= []
    if (this.changes.length === CHANGES_MAX) this.changes.pop()
    this.changes.push({ at: now, port, cause })
    this.changeCount++
    const before = this.port
    this.port = port
    this.bytesFromClientAtChange = this.totals?.bytesToFabric ?? 0
    this.bytesToClientAtChange = this.totals?.bytesFromFabric ?? 0
    // Until the handshake is complete, the LB that gets the next SYN has the flow.
    if (!this.isEstablished) this.home = port
    else if (port === this.home) this.fate = this.fate === HopFate.GONE ? HopFate.RESTORED : HopFate.RETURNED
    else if (before === this.home) {
      this.fate = isHomeRouted ? HopFate.AWAY : HopFate.GONE
      this.fateCause = cause
    }
  }
}
