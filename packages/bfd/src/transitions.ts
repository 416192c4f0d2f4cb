import { DIAGNOSTICS } from './diagnostics.js'
import type { BfdState } from './states.js'

/** Events of a session, with their meaning. */
export const BFD_EVENTS = {
  'receive-admin-down': 'a packet of a peer in AdminDown',
  'receive-down': 'a packet of a peer in Down',
  'receive-init': 'a packet of a peer in Init',
  'receive-up': 'a packet of a peer in Up',
  expire: 'the detection time has passed without a packet',
  'carrier-lost': 'the link has lost carrier',
  disable: 'the owner disables the session',
  enable: 'the owner enables the session',
} as const
export type BfdEvent = keyof typeof BFD_EVENTS

/** Next state of an event, and the diagnostic code that it sets. */
export interface BfdTransition {
  readonly to: BfdState
  /** New bfd.LocalDiag; undefined if it stays. */
  readonly diagnostic?: number
}

/** Transition for every event in every state. */
export type BfdTransitionTable = Readonly<Record<BfdState, Readonly<Record<BfdEvent, BfdTransition>>>>

const stayDisabled: BfdTransition = { to: 'admin-down' }
const stayDown: BfdTransition = { to: 'down' }
const toUp: BfdTransition = { to: 'up', diagnostic: DIAGNOSTICS.none }
const signaledDown: BfdTransition = { to: 'down', diagnostic: DIAGNOSTICS.neighborSignaledDown }
const expired: BfdTransition = { to: 'down', diagnostic: DIAGNOSTICS.detectionTimeExpired }
const noCarrier: BfdTransition = { to: 'down', diagnostic: DIAGNOSTICS.pathDown }
const disabled: BfdTransition = { to: 'admin-down', diagnostic: DIAGNOSTICS.administrativelyDown }

/**
 * Transitions of RFC 5880 §6.2, §6.8.4, §6.8.6, §6.8.16 and §6.8.17. The diagnostic code of a
 * failure is kept until the session is Up again, so that the peer receives it. Up clears it, on
 * which the RFC is silent.
 */
export const BFD_TRANSITIONS: BfdTransitionTable = {
  'admin-down': {
    // RFC 5880 §6.8.6: packets are discarded.
    'receive-admin-down': stayDisabled,
    'receive-down': stayDisabled,
    'receive-init': stayDisabled,
    'receive-up': stayDisabled,
    expire: stayDisabled,
    'carrier-lost': stayDisabled,
    disable: stayDisabled,
    enable: stayDown,
  },
  down: {
    'receive-admin-down': stayDown,
    'receive-down': { to: 'init' },
    'receive-init': toUp,
    'receive-up': stayDown, // the peer has to be Down first: one end alone cannot skip the handshake
    expire: stayDown,
    'carrier-lost': stayDown,
    disable: disabled,
    enable: stayDown,
  },
  init: {
    'receive-admin-down': signaledDown,
    'receive-down': { to: 'init' },
    'receive-init': toUp,
    'receive-up': toUp,
    expire: expired,
    'carrier-lost': noCarrier,
    disable: disabled,
    enable: { to: 'init' },
  },
  up: {
    'receive-admin-down': signaledDown,
    'receive-down': signaledDown,
    'receive-init': { to: 'up' },
    'receive-up': { to: 'up' },
    expire: expired,
    'carrier-lost': noCarrier,
    disable: disabled,
    enable: { to: 'up' },
  },
}
