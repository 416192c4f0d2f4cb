import type { Output, OutputContext } from '../operations/command.js'
import type { BackendDrain, BackendDrainProgress, LbDrain, LbDrainProgress } from '../operations/drain-schemas.js'
import { targeted } from './targeted.js'

/** Output of `fivetuple lb drain`. */
export const lbDrainOutput: Output<LbDrainProgress, LbDrainProgress> = {
  progress: (state) => line(state.lb, state),
  text: (state) => last(state.lb, state),
  failure: (state, context) => failureOf('lb', state.lb, state, context) ?? onlyCarrier(state, context),
}

/** Output of `fivetuple backend drain`. */
export const backendDrainOutput: Output<BackendDrainProgress, BackendDrainProgress> = {
  progress: (state) => line(state.backend, state),
  text: (state) => last(state.backend, state),
  failure: (state, context) => failureOf('backend', state.backend, state, context),
}

/** Output of `undrain`. */
export const undrainOutput: Output<LbDrain | BackendDrain, never> = {
  text: (state) => `${nameOf(state)} gets new flows again\n`,
}

/** Output of `drain-status`. */
export const drainStatusOutput: Output<LbDrain | BackendDrain, never> = {
  text: (state) => `${nameOf(state)} ${state.draining ? 'drains' : 'does not drain'}: ${state.sessions} sessions\n`,
}

interface Drained {
  readonly draining: boolean
  readonly sessions: number
  readonly elapsedMs: number
}

function nameOf(state: LbDrain | BackendDrain): string {
  return 'lb' in state ? state.lb : state.backend
}

function line(name: string, { sessions, elapsedMs }: Drained): string {
  return `${(elapsedMs / 1000).toFixed(1)} s  ${name} has ${sessions} sessions\n`
}

function last(name: string, state: Drained): string {
  return line(name, state) + (state.draining && state.sessions === 0 ? `${name} is empty\n` : '')
}

function failureOf(
  kind: 'lb' | 'backend',
  name: string,
  { draining, sessions }: Drained,
  { parameters, block }: OutputContext,
): string | undefined {
  if (!draining) return `the drain of ${name} was ended by another request`
  if (sessions === 0 || parameters.wait !== true) return undefined
  const undrain = targeted(`fivetuple ${kind} undrain ${name}`, block)
  return `${name} still has ${sessions} sessions, and stays drained: repeat the command to wait longer, or end the drain: '${undrain}'`
}

/** An LB that drains gets new flows of VIPs that no other LB takes. */
function onlyCarrier({ lb, onlyCarrierOf: vips }: LbDrain, { block }: OutputContext): string | undefined {
  if (vips.length === 0) return undefined
  const remove = targeted(`fivetuple vip remove ${lb} ${vips[0]}`, block)
  return `no other LB takes new flows of ${vips.join(', ')}, so ${lb} still gets them: add ${vips.length === 1 ? 'the VIP' : 'the VIPs'} to another LB ('fivetuple vip add'), or remove ${vips.length === 1 ? 'it' : 'them'} from this one ('${remove}')`
}
