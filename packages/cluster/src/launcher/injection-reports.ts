import type { Behavior } from '@fivetuple/backend'
import type { CableSide, Fault, FaultReport, Watch } from '../api/faults.js'
import type { ClusterPlan } from '../plan/plan.js'
import type { RoleSpec } from './role-process.js'
import type { RoleState } from './supervisor.js'

type Kind = RoleSpec['kind']

const STATUS = 'fivetuple status'

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
        : `in ${after.restartInMs} ms it starts again, and is back about a second later`
    const effect: Record<Kind, string> = {
      lb: `at once: ${name} is gone from ROUTED TO; its flows end with a reset when they send next`,
      backend: `at once: its connections end; LBs try other backends for new ones, and stop asking it after some failures`,
      switch: `at once: all cables to it are down`,
    }
    return {
      done: before.pid === 0 ? `${name} is held down` : `${name} (pid ${before.pid}) is killed`,
      warnings: this.#warnings(kind, name, 'it is back'),
      watch: [{ command: STATUS, expect: `${effect[kind]}; ${next}` }, this.#try(kind)],
      undo: after.state === 'held' ? `fivetuple start ${name}` : null,
    }
  }

  hung({ spec: { name, kind }, pid }: RoleState): FaultReport {
    const effect: Record<Kind, string> = {
      lb: `its cables stay up and its flows stall; ${this.#noticed()} its routes go, and its flows end with a reset`,
      backend: 'its flows stall; LBs find it unhealthy after some failed checks and give new flows to others',
      switch: `all flows stall; ${this.#noticed()} all LBs give up their sessions to it`,
    }
    return {
      done: `${name} (pid ${pid}) hangs: SIGSTOP`,
      warnings: this.#warnings(kind, name, `'fivetuple resume ${name}'`),
      watch: [{ command: STATUS, expect: effect[kind] }, this.#try(kind)],
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

  started({ spec: { name, kind }, pid }: RoleState, tookMs: number, isRouted: boolean): FaultReport {
    const what = isRouted && kind !== 'backend' ? 'it is ready, and its routes are back' : 'it is ready'
    const expect =
      kind === 'backend'
        ? 'LBs give it new flows after some good checks'
        : isRouted
          ? 'new flows go there again'
          : 'its routes stay away for as long as its cable is cut'
    return done(`${name} (pid ${pid}) is started: ${what}, after ${Math.round(tookMs)} ms`, expect)
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
        this.#try('lb'),
      ],
      undo: `fivetuple cable restore ${lb} ${sides.length === 2 ? 'both' : sides[0]}`,
    }
  }

  restored(lb: string, sides: readonly CableSide[], tookMs: number, isRouted: boolean): FaultReport {
    return done(
      `${cables(lb, sides)} restored${isRouted ? `: its routes are back after ${Math.round(tookMs)} ms` : ''}`,
      isRouted ? 'new flows go there again' : 'its routes are back when nothing else keeps them away',
    )
  }

  misbehaving(backend: string, behavior: Behavior): FaultReport {
    const expects: string[] = []
    const { delayMs, failRatio, refuse, hang, healthz } = behavior
    const sameChecks = healthz === 'same' ? ', health checks too' : ''
    if (delayMs > 0) expects.push(`its answers take ${delayMs} ms longer${sameChecks}`)
    if (failRatio > 0) expects.push(`of its answers ${Math.round(failRatio * 100)} % are 503${sameChecks}`)
    if (hang) expects.push('it takes requests and never answers; LBs find it unhealthy after some failed checks')
    if (refuse) expects.push('new connections to it are refused: LBs try others at once, and clients notice nothing')
    const text = describe(behavior)
    return {
      done: `${backend} ${text}`,
      warnings: [],
      watch: [
        { command: STATUS, expect: expects.join('; ') || 'LBs give it new flows after some good checks' },
        this.#try('backend'),
      ],
      undo: text === 'behaves well' ? null : `fivetuple backend heal ${backend}`,
    }
  }

  /** What a client does. */
  #try(kind: Kind): Watch {
    const vip = this.#plan.vips.find(({ protocol }) => protocol === 'tcp') ?? this.#plan.vips[0]!
    const expect: Record<Kind, string> = {
      lb: 'new connections take other LBs',
      backend: 'new connections take other backends once it counts as unhealthy',
      switch: 'no connection comes about',
    }
    return { command: `curl -m 5 http://${vip.listen.address}:${vip.listen.port}/`, expect: expect[kind] }
  }

  #warnings(kind: Kind, name: string, until: string): string[] {
    if (kind !== 'switch') return []
    return [`${name} is the only way there is: nothing is reachable until ${until}`]
  }

  #noticed(): string {
    const { holdTime } = this.#plan.uplink.bgp
    return holdTime === 0
      ? 'nobody notices (the hold time is 0), else'
      : `when the hold time (${holdTime} s) has run out,`
  }
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
  return parts.join(', ') || 'behaves well'
}

function cables(lb: string, sides: readonly CableSide[]): string {
  return `${lb}'s ${sides.join(' and ')} cable${sides.length === 2 ? 's are' : ' is'}`
}

function done(what: string, expect: string): FaultReport {
  return { done: what, warnings: [], watch: [{ command: STATUS, expect }], undo: null }
}
