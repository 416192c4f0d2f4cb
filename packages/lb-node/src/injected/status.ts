import type { Message } from '@fivetuple/runtime'
import { Count, Flag, nullable, oneOf, strict, Text } from '@fivetuple/runtime/schemas'
import Type from 'typebox'
import { LINK_SIDES } from '../link-faults/names.js'
import { FLAP_PHASE_MAX_MS, FLAP_PHASE_MIN_MS } from './limits.js'

const Phase = Type.Integer({ minimum: FLAP_PHASE_MIN_MS, maximum: FLAP_PHASE_MAX_MS })

/** Phases of a route that flaps, ms. It begins with `downMs`. */
export type Flap = Message<typeof Flap>
export const Flap = strict({ upMs: Phase, downMs: Phase })

/** Faults of an LB's control plane and resources. */
export type InjectedFaultsStatus = Message<typeof InjectedFaultsStatus>
export const InjectedFaultsStatus = strict({
  /** Switches to which neither KEEPALIVE nor UPDATE is sent. */
  mutedBgp: Type.Array(oneOf(LINK_SIDES)),
  /** Routes that are withheld or flap, by the address of the VIP. */
  routes: Type.Array(strict({ address: Text, isWithheld: Flag, flap: nullable(Flap) })),
  /** Source ports per backend that are usable; null: all. */
  usablePorts: nullable(Count),
  /** Sessions that are usable; null: as configured. */
  usableSessions: nullable(Count),
})
