import type { AdvertisementFault, VrrpState } from '@fivetuple/vrrp'
import type { SealFault } from './advertisement-seal.js'

/** How the election of one VIP stands, as this LB sees it. */
export interface ElectionStatus {
  /** The VIP. */
  readonly address: string
  readonly vrid: number
  readonly state: VrrpState
  /** Router address of the LB that carries the VIP; null when this LB does not know of one. */
  readonly activeRouter: string | null
  /** How long it has been in this state, ms. */
  readonly sinceMs: number
}

/** Why a datagram on the advertisements' port was not heeded. */
export type RefusalCause =
  /** Not from a peer's address and port. */
  | 'stranger'
  /** A VIP that is not in the configuration. */
  | 'unknown-vrid'
  | SealFault
  | AdvertisementFault

export interface RedundancyStatus {
  readonly priority: number
  readonly elections: readonly ElectionStatus[]
  /** Advertisements, one for each peer. */
  readonly sent: number
  readonly received: number
  /** Datagrams by cause; causes that have not occurred are missing. */
  readonly refused: Readonly<Partial<Record<RefusalCause, number>>>
}
