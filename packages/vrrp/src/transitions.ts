/** The states of a virtual router (RFC 9568 §6.4); in RFC 5798 Active is called Master. */
export const VRRP_STATES = ['initialize', 'backup', 'active'] as const
export type VrrpState = (typeof VRRP_STATES)[number]

/** What moves a virtual router. */
export const VRRP_EVENTS = {
  startup: 'it is to take part',
  shutdown: 'it is to stop, in good order',
  cut: 'its link is dead: nothing that it says would be heard',
  timer: 'the one timer of its state: Active_Down_Timer of a backup, Adver_Timer of the Active one',
  resignation: 'an advertisement of priority 0',
  superior: 'an advertisement of a router that goes before this one',
  inferior: 'an advertisement of a router that this one goes before',
} as const
export type VrrpEvent = keyof typeof VRRP_EVENTS

/**
 * What is done on a transition, in this order. There is one timer, so setting it replaces what it
 * was set for.
 */
export type VrrpAction =
  /** Send an advertisement. */
  | 'advertise'
  /** Send one of priority 0. */
  | 'resign'
  /** Take over the advertised interval. */
  | 'learn-interval'
  /** Set the timer to Advertisement_Interval. */
  | 'wait-interval'
  /** Set the timer to Active_Down_Interval. */
  | 'wait-down'
  /** Set the timer to Skew_Time. */
  | 'wait-skew'
  | 'stop-timer'

/** Where an event leads, and what is done on the way. */
export interface VrrpTransition {
  readonly to: VrrpState
  readonly actions: readonly VrrpAction[]
}

/** The transition for every event in every state. */
export type VrrpTransitionTable = Readonly<Record<VrrpState, Readonly<Record<VrrpEvent, VrrpTransition>>>>

const stayInitialized = does('initialize')

/**
 * RFC 9568 §6.4 for routers that don't own the virtual addresses. `cut` is not of the RFC, which
 * has no carrier.
 */
export const VRRP_TRANSITIONS: VrrpTransitionTable = {
  // §6.4.1
  initialize: {
    startup: does('backup', 'wait-down'),
    shutdown: stayInitialized,
    cut: stayInitialized,
    timer: stayInitialized,
    resignation: stayInitialized,
    superior: stayInitialized,
    inferior: stayInitialized,
  },
  // §6.4.2
  backup: {
    startup: does('backup'),
    shutdown: does('initialize', 'stop-timer'),
    cut: does('initialize', 'stop-timer'),
    timer: does('active', 'advertise', 'wait-interval'),
    resignation: does('backup', 'wait-skew'),
    superior: does('backup', 'learn-interval', 'wait-down'),
    inferior: does('backup'), // discarded: when the timer runs out, this router takes over from its sender
  },
  // §6.4.3
  active: {
    startup: does('active'),
    shutdown: does('initialize', 'stop-timer', 'resign'),
    cut: does('initialize', 'stop-timer'),
    timer: does('active', 'advertise', 'wait-interval'),
    resignation: does('active', 'advertise', 'wait-interval'),
    superior: does('backup', 'learn-interval', 'wait-down'),
    inferior: does('active', 'advertise'), // asserted at once: its sender believes itself to be Active
  },
}

function does(to: VrrpState, ...actions: readonly VrrpAction[]): VrrpTransition {
  return { to, actions }
}
