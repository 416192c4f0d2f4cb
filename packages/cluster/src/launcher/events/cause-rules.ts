import type { ClusterEvent, EventKind, Happening } from './event.js'
import { isOfKind } from './is-of-kind.js'

/** Happening whose cause is looked for. */
export type Effect = Happening & {
  readonly node: string
  /** µs since the start of the launcher. */
  readonly mono: number
}

/** Rule by which the cause of an effect in one process is found among events of others. */
interface CauseRule {
  /** Kinds of causes. The newest event of any of them that matches is the cause. */
  readonly causes: readonly EventKind[]
  /** Kinds that count if no cause of the former is found, also not after a wait. */
  readonly otherwise?: readonly EventKind[]
  /** Operations that count as causes: names, or their first words. Default: none. */
  readonly operations?: readonly string[]
  /** True if the two are about the same thing: role, link, session, prefix. */
  readonly matches: (effect: Effect, cause: ClusterEvent) => boolean
  /** Longest time between cause and effect, ms. */
  readonly withinMs: number
  /** True if the cause may be reported later than its effect, since another process reports it. */
  readonly waits: boolean
}

/** Events of one fault name it. */
const OF_FAULT: CauseRule = {
  causes: ['fault.injected'],
  matches: (effect, cause) => 'fault' in effect && 'fault' in cause && effect.fault === cause.fault,
  withinMs: Number.POSITIVE_INFINITY,
  waits: false,
}
/** Operations that end or start processes. */
const PROCESS_OPERATIONS = ['role', 'lb.rolling-restart']

/**
 * Rules per kind of effect. Inside a process causality is exact: a role names the cause itself.
 * Between processes only time and the names of things are there to join events. For a kind without
 * a row no cause is looked for.
 */
const RULES: Partial<Record<EventKind, CauseRule>> = {
  'fault.failed': OF_FAULT,
  'fault.cleared': OF_FAULT,
  'fault.ended': OF_FAULT,
  'fault.overdue': OF_FAULT,
  'fault.vanished': { causes: ['role.exited'], matches: isAboutNode, withinMs: 60_000, waits: false },
  'role.exited': {
    causes: ['fault.injected', 'role.failed', 'stopping'],
    operations: PROCESS_OPERATIONS,
    matches: isAboutNode,
    withinMs: 10_000,
    waits: false,
  },
  'role.started': {
    causes: ['role.exited', 'fault.cleared', 'fault.ended'],
    operations: ['role.start'],
    matches: isAboutNode,
    withinMs: Number.POSITIVE_INFINITY,
    waits: false,
  },
  'role.ready': { causes: ['role.started'], matches: isAboutNode, withinMs: 60_000, waits: false },
  'link.down': {
    causes: ['role.exited', 'fault.injected', 'stopping'],
    operations: ['link', ...PROCESS_OPERATIONS],
    matches: isAboutSameLink,
    withinMs: 10_000,
    waits: true,
  },
  'link.up': {
    causes: ['role.started', 'fault.cleared', 'fault.ended'],
    operations: ['link', 'role'],
    matches: isAboutSameLink,
    withinMs: 60_000,
    waits: false,
  },
  'bfd.down': {
    causes: ['role.exited', 'stopping', 'fault.injected'],
    otherwise: ['bfd.down'],
    operations: PROCESS_OPERATIONS,
    matches: isAboutSameSession,
    withinMs: 120_000,
    waits: false,
  },
  'bfd.up': {
    causes: ['role.started', 'fault.cleared', 'fault.ended'],
    matches: isAboutSameSession,
    withinMs: 60_000,
    waits: false,
  },
  'bgp.up': {
    causes: ['role.started', 'fault.cleared', 'fault.ended'],
    matches: isAboutSameSession,
    withinMs: 60_000,
    waits: false,
  },
  'bgp.down': {
    causes: ['role.exited', 'stopping', 'bgp.down'],
    otherwise: ['fault.injected'],
    operations: ['link', ...PROCESS_OPERATIONS],
    matches: isAboutSameSession,
    withinMs: 120_000,
    waits: true,
  },
  'route.changed': {
    causes: ['vip.announced', 'vip.withdrawn', 'vip.inhibited', 'stopping'],
    otherwise: ['fault.injected', 'fault.cleared', 'fault.ended'],
    matches: isAboutChangedNextHop,
    withinMs: 5_000,
    waits: true,
  },
  'route.drained': {
    causes: ['drain.started', 'drain.ended', 'backend.unhealthy', 'backend.healthy'],
    matches: (effect, cause) =>
      effect.kind === 'route.drained' &&
      effect.draining.includes(cause.node) === (cause.kind === 'drain.started' || cause.kind === 'backend.unhealthy'),
    withinMs: 5_000,
    waits: true,
  },
  'vip.announced': {
    causes: ['role.started'],
    operations: ['vip'],
    matches: isAboutNode,
    withinMs: 10_000,
    waits: false,
  },
  'vip.withdrawn': { causes: [], operations: ['vip'], matches: isAboutNode, withinMs: 10_000, waits: false },
  'vip.inhibited': { causes: ['role.started'], matches: isAboutNode, withinMs: 10_000, waits: false },
  'drain.started': {
    causes: [],
    operations: ['lb', 'backend'],
    matches: (effect, cause) => 'of' in effect && isAbout(cause, effect.of),
    withinMs: 10_000,
    waits: false,
  },
  'drain.ended': {
    causes: [],
    operations: ['lb', 'backend'],
    matches: (effect, cause) => 'of' in effect && isAbout(cause, effect.of),
    withinMs: 10_000,
    waits: false,
  },
  'backend.unhealthy': {
    causes: ['role.exited', 'fault.injected'],
    matches: isAboutBackend,
    withinMs: 60_000,
    waits: true,
  },
  'backend.healthy': {
    causes: ['role.started', 'fault.cleared', 'fault.ended'],
    matches: isAboutBackend,
    withinMs: 60_000,
    waits: false,
  },
  'flows.unknown': {
    causes: ['flows.rehashed', 'route.changed'],
    matches: ({ node }, cause) =>
      cause.kind === 'flows.rehashed'
        ? cause.moves.some(({ to }) => to === node)
        : cause.kind === 'route.changed' && cause.after.includes(node),
    withinMs: 60_000,
    waits: true,
  },
}

/** Time by which a cause may seem to be later than its effect, µs: another process reports it. */
const LATE_US = 500_000
/** Number of events that are looked at, from the newest. */
const SEARCHED_MAX = 2_000

/** True if the cause of a happening may still be reported by another process. */
export function mayComeLater({ kind }: Happening): boolean {
  return RULES[kind]?.waits === true
}

/**
 * Returns the cause of a happening that its reporter has named none for: the newest event, of the
 * kinds that lead to such a happening, that is about the same role, link, session or prefix and is
 * not too old. Undefined: there is none.
 *
 * This is the only place where events of different processes are joined. It errs where two causes
 * act on the same thing at the same time: then the newer one is named.
 *
 * @param newestFirst events of the log
 * @param isLastTry true if it is not looked for again
 */
export function causeOf(
  effect: Effect,
  newestFirst: Iterable<ClusterEvent>,
  isLastTry: boolean,
): ClusterEvent | undefined {
  const rule = RULES[effect.kind]
  if (rule === undefined) return undefined
  return (
    newestMatch(isLastTry ? rule : withoutEndOfProcess(rule, effect), effect, newestFirst) ??
    (isLastTry ? newestMatch(fallbackOf(rule), effect, newestFirst) : undefined)
  )
}

/**
 * Returns a rule by which an operation or a fault that ends a process is no cause of what other
 * processes notice of that end: the end itself, which is reported a little later, is.
 */
function withoutEndOfProcess(rule: CauseRule, effect: Effect): CauseRule {
  const isNoticed = effect.kind === 'link.down' || (effect.kind === 'bgp.down' && effect.detector === 'transport')
  if (!isNoticed) return rule
  return { ...rule, matches: (of, cause) => !endsProcess(cause) && rule.matches(of, cause) }
}

function endsProcess(event: ClusterEvent): boolean {
  if (event.kind === 'operation') return PROCESS_OPERATIONS.some((selected) => isOfKind(event.operation, selected))
  return event.kind === 'fault.injected' && event.faultKind === 'kept-stopped'
}

function fallbackOf({ otherwise = [], operations, ...rule }: CauseRule): CauseRule {
  return { ...rule, causes: otherwise }
}

function newestMatch(rule: CauseRule, effect: Effect, newestFirst: Iterable<ClusterEvent>): ClusterEvent | undefined {
  const { matches, withinMs } = rule
  /** Faults that are over; others count as long as they last. */
  const over = new Set<string>()
  let searched = 0
  for (const event of newestFirst) {
    if (++searched > SEARCHED_MAX) return undefined
    const ageUs = effect.mono - event.mono
    if ('fault' in event && event.kind !== 'fault.injected') over.add(event.fault)
    const lasts = event.kind === 'fault.injected' && !over.has(event.fault)
    if (ageUs > withinMs * 1_000 && !lasts) continue
    if (ageUs >= -LATE_US && isCandidate(rule, event) && matches(effect, event)) return event
  }
  return undefined
}

function isCandidate({ causes, operations = [] }: CauseRule, event: ClusterEvent): boolean {
  if (event.kind === 'operation') return operations.some((selected) => isOfKind(event.operation, selected))
  return causes.includes(event.kind)
}

/** True if an event acts on a role: it is the role's own, or an operation or a fault on it. */
function isAbout(event: ClusterEvent, role: string): boolean {
  if (event.kind === 'stopping' || (event.kind === 'operation' && event.operation === 'lb.rolling-restart')) return true
  if (event.kind !== 'operation') return event.node === role
  const { parameters } = event
  return [parameters.role, parameters.lb, parameters.backend].some((name) => name === role || name === 'all')
}

function isAboutNode({ node }: Effect, cause: ClusterEvent): boolean {
  return isAbout(cause, node)
}

function isAboutBackend(effect: Effect, cause: ClusterEvent): boolean {
  return 'backend' in effect && isAbout(cause, effect.backend)
}

/** True if an event acts on the link of an effect, or on a role at one of its ends. */
function isAboutSameLink(effect: Effect, cause: ClusterEvent): boolean {
  if (!('lb' in effect && 'side' in effect)) return false
  const { lb, side } = effect
  if (isAbout(cause, side)) return true // a switch is named for its side
  if (!isAbout(cause, lb)) return false
  const named = cause.kind === 'operation' ? cause.parameters.side : 'side' in cause ? cause.side : undefined
  return named === undefined || named === side || named === 'both'
}

/** True if an event acts on one of the ends of a BGP session. Its end counts at the other one. */
function isAboutSameSession(effect: Effect, cause: ClusterEvent): boolean {
  if (!('neighbor' in effect)) return false
  const { node, neighbor } = effect
  if (cause.kind === 'bgp.down' || cause.kind === 'bfd.down') {
    const isOtherEnd = cause.node === neighbor && cause.neighbor === node
    if (cause.kind === 'bfd.down') return isOtherEnd
    return isOtherEnd && effect.kind === 'bgp.down' && isPassive(effect.detector) && !isPassive(cause.detector)
  }
  // A process that has sent the end of the session had not ended by then.
  if (cause.kind === 'role.exited' && effect.kind === 'bgp.down' && effect.detector !== 'transport') return false
  return isAbout(cause, neighbor) || isAbout(cause, node)
}

/** True for an end of a session that the other end has brought about. */
function isPassive(detector: string): boolean {
  return detector === 'peer' || detector === 'transport'
}

/** True if an event acts on an LB that a route has gained or lost. */
function isAboutChangedNextHop(effect: Effect, cause: ClusterEvent): boolean {
  if (effect.kind !== 'route.changed') return false
  const { before, after, prefixes } = effect
  const changed = [...before.filter((lb) => !after.includes(lb)), ...after.filter((lb) => !before.includes(lb))]
  return changed.some((lb) => isAbout(cause, lb) && (!('address' in cause) || prefixes.includes(`${cause.address}/32`)))
}
