import type { Behavior } from '@fivetuple/backend'
import type { CableSide, Fault, FaultReport, Watch } from '../api/faults.js'
import type { ClusterPlan } from '../plan/plan.js'
import type { RoleSpec } from './role-process.js'
import type { RoleState } from './supervisor.js'

type Kind = RoleSpec['kind']

const STATUS = 'fivetuple status'
const HEALTH = 'fivetuple health'
const WELL = 'behaves well'

/** Says what was done to a cluster and what will be seen of it. Pure. */
export class InjectionReports {
  readonly #plan: ClusterPlan

  constructor(plan: ClusterPlan) {
    this.#plan = plan
  }

  killed(before: RoleState, after: RoleState): FaultReport {
    const { name, kind } = before.spec
    const next =
      after.restartInMs === null
        ? `it stays down until 'fivetuple start ${name}'`
        : `in ${after.restartInMs} ms it starts again, and is back within a second or two`
    const effects: Record<Kind, readonly Watch[]> = {
      lb: [
        {
          command: STATUS,
          expect: `at once: ${name} is gone from ROUTED TO; its flows end with a reset when they send next; ${next}`,
        },
        ...this.#curl('new connections take other LBs'),
      ],
      backend: [
        { command: HEALTH, expect: `LBs find ${name} down as soon as some connections to it have failed; ${next}` },
        ...this.#curl(
          'what it was working on is lost; connections that it would have had go to other backends unnoticed',
        ),
      ],
      switch: [
        { command: STATUS, expect: `at once: all cables to it are down; ${next}` },
        ...this.#curl('no connection comes about'),
      ],
    }
    return {
      done: before.pid === 0 ? `${name} is held down` : `${name} (pid ${before.pid}) is killed`,
      warnings: onlyWay(kind, name, 'it is back'),
      watch: effects[kind],
      undo: after.state === 'held' ? `fivetuple start ${name}` : null,
    }
  }

  hung({ spec: { name, kind }, pid }: RoleState): FaultReport {
    const { holdTime } = this.#plan.uplink.bgp
    const noticed =
      holdTime === 0 ? 'nobody notices, since the hold time is 0' : `until the hold time (${holdTime} s) ends`
    const effects: Record<Kind, readonly Watch[]> = {
      lb: [
        {
          command: STATUS,
          expect: `its cables stay up and it stays in ROUTED TO: ${noticed}; if it goes on before, its flows do too`,
        },
        ...this.#curl(`connections that hash to it stall, others work`),
      ],
      backend: [
        { command: HEALTH, expect: `its flows stall; LBs find ${name} down after some checks without an answer` },
        ...this.#curl('connections that are given to it stall until then'),
      ],
      switch: [{ command: STATUS, expect: `all flows stall: ${noticed}` }, ...this.#curl('no answer until it goes on')],
    }
    return {
      done: `${name} (pid ${pid}) hangs: SIGSTOP`,
      warnings: onlyWay(kind, name, `'fivetuple resume ${name}'`),
      watch: effects[kind],
      undo: `fivetuple resume ${name}`,
    }
  }

  resumed({ spec: { name, kind }, pid }: RoleState): FaultReport {
    const expect =
      kind === 'backend'
        ? 'flows go on where they were; LBs find it healthy after some good checks'
        : 'flows go on where they were, if nobody has noticed; else sessions and routes come back within a second or so'
    return done(`${name} (pid ${pid}) goes on: SIGCONT`, expect)
  }

  /** @param inhibited VIPs without enough healthy backends, which stay withdrawn; undefined: a fault keeps all routes away */
  started(
    { spec: { name, kind }, pid }: RoleState,
    tookMs: number,
    inhibited: readonly string[] | undefined,
  ): FaultReport {
    const isRouted = inhibited !== undefined
    const what = isRouted && kind !== 'backend' ? 'it is ready, and its routes are back' : 'it is ready'
    const expect =
      kind === 'backend'
        ? 'LBs give it new flows after some good checks'
        : isRouted
          ? 'new flows go there again'
          : 'its routes stay away for as long as its cable is cut'
    return done(`${name} (pid ${pid}) is started: ${what}, after ${Math.round(tookMs)} ms`, expect, inhibited)
  }

  cut(lb: string, sides: readonly CableSide[]): FaultReport {
    const effects: Record<CableSide, string> = {
      uplink: `no new flow reaches ${lb}, and its flows end with a reset when their clients send next`,
      downlink: `${lb} can reach no backend and takes its VIPs off its interface`,
    }
    return {
      done: `${cables(lb, sides)} cut: carrier is down at both ends, and ${lb}'s redials are refused`,
      warnings: [],
      watch: [
        {
          command: STATUS,
          expect: `at once: carrier down, BGP idle, ${lb} gone from ROUTED TO; ${sides.map((side) => effects[side]).join('; ')}`,
        },
        ...this.#curl('new connections take other LBs'),
      ],
      undo: `fivetuple cable restore ${lb} ${sides.length === 2 ? 'both' : sides[0]}`,
    }
  }

  /** @param inhibited as for {@link started} */
  restored(
    lb: string,
    sides: readonly CableSide[],
    tookMs: number,
    inhibited: readonly string[] | undefined,
  ): FaultReport {
    const isRouted = inhibited !== undefined
    return done(
      `${cables(lb, sides)} restored${isRouted ? `: its routes are back after ${Math.round(tookMs)} ms` : ''}`,
      isRouted ? 'new flows go there again' : 'its routes are back when nothing else keeps them away',
      inhibited,
    )
  }

  misbehaving(backend: string, behavior: Behavior): FaultReport {
    const { delayMs, failRatio, refuse, hang, healthz } = behavior
    const checks = healthz === 'same' ? ', health checks included' : ''
    const expects: string[] = []
    if (delayMs > 0) expects.push(`its answers take ${delayMs} ms longer${checks}`)
    if (failRatio > 0) expects.push(`${Math.round(failRatio * 100)} % of its answers are 503${checks}`)
    if (hang) expects.push('its answers never come')
    if (refuse) expects.push('new connections are given to other backends at once: clients notice nothing')
    const what = describe(behavior)
    const isGood = what === WELL
    const down = refuse || hang ? 'LBs find it down after some failures' : 'its checks pass or fail as its answers do'
    return {
      done: `${backend} ${what}`,
      warnings: [],
      watch: [
        { command: HEALTH, expect: isGood ? `${backend} is up after some good checks` : down },
        ...this.#curl(isGood ? `${backend} answers again` : expects.join('; ') || 'all as before: only checks differ'),
      ],
      undo: isGood ? null : `fivetuple backend heal ${backend}`,
    }
  }

  /** What a client sees, where there is a VIP for it. */
  #curl(expect: string): Watch[] {
    const vip = this.#plan.vips.find(({ protocol }) => protocol === 'tcp')
    return vip ? [{ command: `curl -m 5 http://${vip.listen.address}:${vip.listen.port}/`, expect }] : []
  }
}

function onlyWay(kind: Kind, name: string, until: string): string[] {
  return kind === 'switch' ? [`${name} is the only way there is: nothing is reachable until ${until}`] : []
}

/** A fault in words, with the command that undoes it. */
export const describeFault = {
  hung: (role: string): Fault => ({
    kind: 'hung',
    role,
    what: `${role} hangs (SIGSTOP)`,
    undo: `fivetuple resume ${role}`,
  }),
  held: (role: string): Fault => ({
    kind: 'held',
    role,
    what: `${role} is held down`,
    undo: `fivetuple start ${role}`,
  }),
  cut: (lb: string, side: CableSide): Fault => ({
    kind: 'cut',
    role: lb,
    side,
    what: `${lb}'s ${side} cable is cut`,
    undo: `fivetuple cable restore ${lb} ${side}`,
  }),
  misbehaving: (role: string, behavior: Partial<Behavior>): Fault => ({
    kind: 'misbehaving',
    role,
    behavior,
    what: `${role} ${describe(behavior)}`,
    undo: `fivetuple backend heal ${role}`,
  }),
}

function describe({ delayMs, failRatio, refuse, hang, healthz }: Partial<Behavior>): string {
  const parts: string[] = []
  if (delayMs) parts.push(`answers ${delayMs} ms late`)
  if (failRatio) parts.push(`fails ${Math.round(failRatio * 100)} % of requests`)
  if (hang) parts.push('never answers')
  if (refuse) parts.push('refuses connections')
  if (healthz === 'ok') parts.push('always passes health checks')
  if (healthz === 'failing') parts.push('fails health checks')
  return parts.join(', ') || WELL
}

function cables(lb: string, sides: readonly CableSide[]): string {
  return `${lb}'s ${sides.join(' and ')} cable${sides.length === 2 ? 's are' : ' is'}`
}

function done(what: string, expect: string, inhibited: readonly string[] = []): FaultReport {
  return { done: what, warnings: warningsOf(inhibited), watch: [{ command: STATUS, expect }], undo: null }
}

/** @param inhibited VIPs without enough healthy backends, which stay withdrawn */
export function warningsOf(inhibited: readonly string[]): string[] {
  return inhibited.map((vip) => `${vip} is inhibited, since too few backends are healthy: see '${HEALTH}'`)
}
