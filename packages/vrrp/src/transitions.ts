/** States of a virtual router (RFC 9568 §6.4). RFC 5798 calls Active "Master". */
export const VRRP_STATES = ['initialize', 'backup', 'active'] as const
export type VrrpState = (typeof VRRP_STATES)[number]

/** Events of a virtual router, with their meaning. */
export const VRRP_EVENTS = {
  startup: 'the owner starts it',
  shutdown: 'the owner stops it in good order',
  cut: 'its link is dead: no advertisement would arrive',
  timer: 'the one timer of its state: Active_Down_Timer of a backup, Adver_Timer of the Active one',
  resignation: 'an advertisement of priority 0',
  superior: 'an advertisement of a router with precedence over this one',
  inferior: 'an advertisement of a router over which this one has precedence',
} as const
export type VrrpEvent = keyof typeof VRRP_EVENTS

/**
 * Actions of a transition, in this order. There is one timer: setting it replaces its earlier time.
 */
export type VrrpAction =
  /** Send an advertisement. */
  | 'advertise'
  /** Send an advertisement of priority 0. */
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

/** Next state of an event, and the actions on the way. */
export interface VrrpTransition {
  readonly to: VrrpState
  readonly actions: readonly VrrpAction[]
}

/** Transition for every event in every state. */
export type VrrpTransitionTable = Readonly<Record<VrrpState, Readonly<Record<VrrpEvent, VrrpTransition>>>>

const stayInitialized = does('initialize')

/**
 * Transitions of RFC 9568 §6.4 for routers that do not own the virtual addresses. `cut` is not part
 * of the RFC, which has no carrier.
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
    inferior: does('backup'), // discarded: this router takes over when its timer expires
  },
  // §6.4.3
  active: {
    startup: does('active'),
    shutdown: does('initialize', 'stop-timer', 'resign'),
    cut: does('initialize', 'stop-timer'),
    timer: does('active', 'advertise', 'wait-interval'),
    resignation: does('active', 'advertise', 'wait-interval'),
    superior: does('backup', 'learn-interval', 'wait-down'),
    inferior: does('active', 'advertise'), // responded to at once: its sender considers itself Active
  },
}

function does(to: VrrpState, ...actions: readonly VrrpAction[]): VrrpTransition {
  return { to, actions }
}
