import type { Behavior } from '@fivetuple/backend'
import type { Fault, FaultReport, LinkSide, Watch } from '../operations/fault-schemas.js'
import type { ClusterPlan } from '../plan/plan.js'
import type { RoleSpec } from './role-process.js'
import type { RoleState } from './supervisor.js'

type Kind = RoleSpec['kind']

const STATUS = 'fivetuple status'
const HEALTH = 'fivetuple health'
const NORMAL = 'behaves normally'

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
        ? `it is kept stopped until 'fivetuple start ${name}'`
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
        {
          command: HEALTH,
          expect: `LBs find ${name} unhealthy as soon as some connections to it have failed; ${next}`,
        },
        ...this.#curl(
          'what it was working on is lost; connections that it would have had go to other backends unnoticed',
        ),
      ],
      switch: [
        { command: STATUS, expect: `at once: all links to it are down; ${next}` },
        ...this.#curl('no connection comes about'),
      ],
    }
    return {
      summary: before.pid === 0 ? `${name} is kept stopped` : `${name} (pid ${before.pid}) is killed`,
      warnings: onlyWay(kind, name, 'it is back'),
      watch: effects[kind],
      undo: after.state === 'kept-stopped' ? `fivetuple start ${name}` : null,
    }
  }

  paused({ spec: { name, kind }, pid }: RoleState): FaultReport {
    const { holdTime } = this.#plan.uplink.bgp
    const noticed =
      holdTime === 0 ? 'nothing detects it, since the hold time is 0' : `until the hold time (${holdTime} s) ends`
    const effects: Record<Kind, readonly Watch[]> = {
      lb: [
        {
          command: STATUS,
          expect: `its cables stay up and it stays in ROUTED TO: ${noticed}; if it is resumed before, its flows continue`,
        },
        ...this.#curl(`connections that hash to it stall, others work`),
      ],
      backend: [
        { command: HEALTH, expect: `its flows stall; LBs find ${name} unhealthy after some checks without a response` },
        ...this.#curl('connections that are given to it stall until then'),
      ],
      switch: [
        { command: STATUS, expect: `all flows stall: ${noticed}` },
        ...this.#curl('no response until it is resumed'),
      ],
    }
    return {
      summary: `${name} (pid ${pid}) is paused: SIGSTOP`,
      warnings: onlyWay(kind, name, `'fivetuple resume ${name}'`),
      watch: effects[kind],
      undo: `fivetuple resume ${name}`,
    }
  }

  resumed({ spec: { name, kind }, pid }: RoleState): FaultReport {
    const expect =
      kind === 'backend'
        ? 'flows continue where they were; LBs find it healthy after some good checks'
        : 'flows continue where they were, if it was not detected; else sessions and routes come back within a second or so'
    return done(`${name} (pid ${pid}) is resumed: SIGCONT`, expect)
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
          : 'its routes stay away while its link is down'
    return done(`${name} (pid ${pid}) is started: ${what}, after ${Math.round(tookMs)} ms`, expect, inhibited)
  }

  linksDown(lb: string, sides: readonly LinkSide[]): FaultReport {
    const effects: Record<LinkSide, string> = {
      uplink: `no new flow reaches ${lb}, and its flows end with a reset when their clients send next`,
      downlink: `${lb} can reach no backend and takes its VIPs off its interface`,
    }
    return {
      summary: `${links(lb, sides)} down: no carrier at either end, and ${lb}'s redials are refused`,
      warnings: [],
      watch: [
        {
          command: STATUS,
          expect: `at once: carrier down, BGP idle, ${lb} gone from ROUTED TO; ${sides.map((side) => effects[side]).join('; ')}`,
        },
        ...this.#curl('new connections take other LBs'),
      ],
      undo: `fivetuple link up ${lb} ${sides.length === 2 ? 'both' : sides[0]}`,
    }
  }

  /** @param inhibited as for {@link started} */
  linksUp(
    lb: string,
    sides: readonly LinkSide[],
    tookMs: number,
    inhibited: readonly string[] | undefined,
  ): FaultReport {
    const isRouted = inhibited !== undefined
    return done(
      `${links(lb, sides)} up${isRouted ? `: its routes are back after ${Math.round(tookMs)} ms` : ''}`,
      isRouted ? 'new flows go there again' : 'its routes are back when nothing else keeps them away',
      inhibited,
    )
  }

  misbehaving(backend: string, behavior: Behavior): FaultReport {
    const { delayMs, failRatio, refuse, stall, healthz } = behavior
    const checks = healthz === 'same' ? ', health checks included' : ''
    const expects: string[] = []
    if (delayMs > 0) expects.push(`its responses take ${delayMs} ms longer${checks}`)
    if (failRatio > 0) expects.push(`${Math.round(failRatio * 100)} % of its responses are 503${checks}`)
    if (stall) expects.push('it never responds')
    if (refuse) expects.push('new connections are given to other backends at once: clients notice nothing')
    const what = describe(behavior)
    const isGood = what === NORMAL
    const down =
      refuse || stall ? 'LBs find it unhealthy after some failures' : 'its checks pass or fail as its responses do'
    return {
      summary: `${backend} ${what}`,
      warnings: [],
      watch: [
        { command: HEALTH, expect: isGood ? `${backend} is healthy after some good checks` : down },
        ...this.#curl(
          isGood ? `${backend} responds again` : expects.join('; ') || 'no change for clients: only checks differ',
        ),
      ],
      undo: isGood ? null : `fivetuple backend restore ${backend}`,
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
  paused: (role: string): Fault => ({
    kind: 'paused',
    role,
    description: `${role} is paused (SIGSTOP)`,
    undo: `fivetuple resume ${role}`,
  }),
  keptStopped: (role: string): Fault => ({
    kind: 'kept-stopped',
    role,
    description: `${role} is kept stopped`,
    undo: `fivetuple start ${role}`,
  }),
  linkDown: (lb: string, side: LinkSide): Fault => ({
    kind: 'link-down',
    role: lb,
    side,
    description: `${lb}'s ${side} link is down`,
    undo: `fivetuple link up ${lb} ${side}`,
  }),
  misbehaving: (role: string, behavior: Partial<Behavior>): Fault => ({
    kind: 'misbehaving',
    role,
    behavior,
    description: `${role} ${describe(behavior)}`,
    undo: `fivetuple backend restore ${role}`,
  }),
}

function describe({ delayMs, failRatio, refuse, stall, healthz }: Partial<Behavior>): string {
  const parts: string[] = []
  if (delayMs) parts.push(`responds ${delayMs} ms late`)
  if (failRatio) parts.push(`fails ${Math.round(failRatio * 100)} % of requests`)
  if (stall) parts.push('never responds')
  if (refuse) parts.push('refuses connections')
  if (healthz === 'ok') parts.push('always passes health checks')
  if (healthz === 'failing') parts.push('fails health checks')
  return parts.join(', ') || NORMAL
}

function links(lb: string, sides: readonly LinkSide[]): string {
  return `${lb}'s ${sides.join(' and ')} link${sides.length === 2 ? 's are' : ' is'}`
}

function done(what: string, expect: string, inhibited: readonly string[] = []): FaultReport {
  return { summary: what, warnings: warningsOf(inhibited), watch: [{ command: STATUS, expect }], undo: null }
}

/** @param inhibited VIPs without enough healthy backends, which stay withdrawn */
export function warningsOf(inhibited: readonly string[]): string[] {
  return inhibited.map((vip) => `${vip} is inhibited, since too few backends are healthy: see '${HEALTH}'`)
}
