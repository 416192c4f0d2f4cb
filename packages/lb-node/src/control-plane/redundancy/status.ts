import type { Message } from '@fivetuple/runtime'
import { Count, Counters, Ms, nullable, oneOf, Text } from '@fivetuple/runtime/schemas'
import { type AdvertisementFault, VRRP_STATES } from '@fivetuple/vrrp'
import Type from 'typebox'
import type { SealFault } from './advertisement-seal.js'

/** Reason why a datagram on the port of the advertisements was ignored. */
export type RefusalCause =
  /** Not from a peer's address and port. */
  | 'stranger'
  /** A VIP that is not in the configuration. */
  | 'unknown-vrid'
  | SealFault
  | AdvertisementFault

/** State of the election for one VIP, as this LB sees it. */
export type ElectionStatus = Message<typeof ElectionStatus>
export const ElectionStatus = Type.Object({
  /** The VIP. */
  address: Text,
  vrid: Count,
  state: oneOf(VRRP_STATES),
  /** Router address of the LB that carries the VIP; null when this LB does not know of one. */
  activeRouter: nullable(Text),
  /** Time since it has been in this state, ms. */
  sinceMs: Ms,
})

/** Elections of an LB with active-standby redundancy. */
export type RedundancyStatus = Message<typeof RedundancyStatus>
export const RedundancyStatus = Type.Object({
  priority: Count,
  elections: Type.Array(ElectionStatus),
  /** Advertisements, one for each peer. */
  sent: Count,
  received: Count,
  /** Datagrams per {@link RefusalCause}; causes that have not occurred are missing. */
  refused: Counters,
})
