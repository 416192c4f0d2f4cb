import type { AuthenticationConfig } from '@fivetuple/bfd'

/** Settings of a BFD session, as in the configuration of a role. */
export interface BfdSettings {
  /** Shortest interval between packets in either direction, ms. */
  readonly intervalMs: number
  /** Missing packets that make a failure at the peer, 1 to 255. */
  readonly multiplier: number
  /** True for UDP port 4784 (RFC 5883), false for 3784 (RFC 5881). */
  readonly multihop: boolean
  /** Both ends need the same; null: none. */
  readonly authentication: BfdAuthentication | null
}

export interface BfdAuthentication extends Pick<AuthenticationConfig, 'type' | 'keyId'> {
  /** Secret, hexadecimal, 1 to 20 bytes. */
  readonly key: string
}

/** Peer of a BFD session. */
export interface BfdPeer extends BfdSettings {
  readonly name: string
  /** Dotted quad. */
  readonly address: string
  /** True if the link to it has carrier at the start. Default: true. */
  readonly linkUp?: boolean
}

/** Direction of a datagram, seen from this end. */
export type BfdDirection = 'in' | 'out'

/**
 * Impairment of the datagrams of a session. It calls `pass` for each datagram that goes on: at once
 * or later, never, or more than once.
 */
export type BfdFilter = (
  peer: string,
  direction: BfdDirection,
  datagram: Uint8Array,
  pass: (datagram: Uint8Array) => void,
) => void
