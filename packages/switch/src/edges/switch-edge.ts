import type { TcpEdge } from '@fivetuple/edge'
import type { EdgeRecorder } from '@fivetuple/flow-records'
import type { Prefix } from '@fivetuple/packet'
import type { FlowBudgets } from '../data-plane/flow-budgets.js'
import type { ListenFailureStatus } from '../status.js'

/** The edge of a switch, between packets and sockets. */
export interface SwitchEdge {
  readonly tcp: TcpEdge
  /** TCP and UDP flows that end here. */
  readonly flowCount: number
  /** Counters of the edge, TCP and UDP. */
  counters(): Record<string, number>
  /** Adds the kernel's drops at UDP sockets to the counters. */
  countKernelDrops(): Promise<void>
  /** A packet that the route table sends to the edge. */
  receive(b: Uint8Array, start: number, end: number, now: number): void
  /** Sets which VIPs have a route now; resolves when listeners match. */
  update(hasRoute: (address: number) => boolean): Promise<void>
  /** Addresses and ports that are listened on, as text. */
  listening(): string[]
  /** Services that can't be listened for. */
  listenFailures(): ListenFailureStatus[]
  close(): Promise<void>
}

/** Place of this process among those with an edge of the same switch. */
export interface EdgeShare {
  /** From 0. */
  readonly card: number
  readonly cards: number
}

/** The whole edge in one process. */
export const SOLE_EDGE: EdgeShare = { card: 0, cards: 1 }

/** Surroundings of an edge within its switch. */
export interface EdgePlace {
  readonly budgets: FlowBudgets
  readonly share: EdgeShare
  /** Prefixes of the servers, for an edge towards servers. */
  readonly serverPrefixes: readonly Prefix[]
  /** Records the flows of clients; undefined: they are not recorded. */
  readonly recorder: EdgeRecorder | undefined
  readonly onListenFailures: (failures: readonly ListenFailureStatus[]) => void
}
