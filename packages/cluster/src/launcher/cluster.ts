import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Inhibitor, PlacedVip } from '@fivetuple/lb-node'
import type { ForwardedReport, ListenFailureStatus } from '@fivetuple/switch'
import type { ClusterConfig } from '../config/cluster-config.js'
import type { ConfigWarning } from '../config/config-error.js'
import { type ClusterPlan, planCluster } from '../plan/plan.js'
import { programIn } from '../program.js'
import { ControlApi } from './control-api.js'
import { DrainControl } from './drain-control.js'
import type { ClusterEvent, Happening, ReadyReport } from './events.js'
import { InjectionControl } from './injection-control.js'
import { LbConfigs } from './lb-configs.js'
import { LbFleet } from './lb-fleet.js'
import { Reaper } from './reaper.js'
import { type RoleReport, roleClients } from './role-contracts.js'
import type { RoleSpec } from './role-process.js'
import { RunDirectory } from './run-directory.js'
import { LauncherStatus, listenFailureOf } from './status-control.js'
import { Supervisor } from './supervisor.js'
import { VipControl } from './vip-control.js'

/** A cluster that is not ready by then has something wrong that waiting won't mend. */
const READY_TIMEOUT_MS = 60_000
/** A VIP whose address and port can't be bound gets this much time, ms; then the cluster is ready without it. */
const LISTEN_WAIT_MS = 2_000
const KEY_BYTES = 32
/** Run directory: looked after this often. */
const FILES_STEP_MS = 1_000
const STOPPED_EARLY = 'it was stopped before it was ready'

interface ClusterEvents {
  event: [event: ClusterEvent]
}

/** A cluster of role processes with its control API: what `fivetuple up` runs. */
export class Cluster extends EventEmitter<ClusterEvents> {
  readonly plan: ClusterPlan
  readonly #directory: RunDirectory
  readonly #reaper: Reaper
  readonly #supervisor = new Supervisor({ restart: true, beforeRestart: () => this.#restoreFiles() })
  readonly #api: ControlApi
  readonly #token = randomBytes(KEY_BYTES).toString('base64url')
  /** VIP name → LBs that its route names, as the uplink switch last reported. */
  readonly #routedTo = new Map<string, readonly string[]>()
  /** LB name → VIPs, by address, that it keeps off its interface, and why. */
  readonly #inhibited = new Map<string, ReadonlyMap<string, readonly Inhibitor[]>>()
  /** VIPs that clients can't connect to, as the uplink switch last reported. */
  #listenFailures: readonly ListenFailureStatus[] = []
  readonly #notReady = new Set<string>()
  readonly #stopping = new AbortController()
  readonly #createdAt = performance.now()
  #stopped: Promise<void> | undefined
  #filesTimer: NodeJS.Timeout | undefined
  /** Why the run directory can't be written again; undefined: it is there. */
  #filesError: string | undefined

  /** @param block the /16 to use, CIDR; overrides what the configuration says, which may be 'auto' */
  constructor(config: ClusterConfig, block: string) {
    super()
    this.plan = planCluster(config, block, randomBytes(KEY_BYTES).toString('hex'))
    this.#directory = new RunDirectory(block)
    this.#reaper = new Reaper(this.#directory.path)
    const write = (name: string, config: unknown) => this.#directory.writeRoleConfig(name, config)
    const configs = new LbConfigs(this.plan.lbs, write)
    const roles = roleClients((name, method, params) => this.#supervisor.request(name, method, params))
    const fleet = new LbFleet(configs, roles, (lb) => this.#supervisor.state(lb).state)
    const drains = new DrainControl(this.plan, fleet, roles)
    this.#api = new ControlApi({
      address: this.plan.api.address,
      port: this.plan.api.port,
      token: this.#token,
      control: {
        status: new LauncherStatus(this.plan, this.#supervisor, fleet, roles),
        vips: new VipControl(this.plan, fleet, roles),
        drains,
        faults: new InjectionControl({
          plan: this.plan,
          supervisor: this.#supervisor,
          drains,
          roles,
          write,
          onDone: (description) => this.#happened({ event: 'fault', description }),
        }),
      },
    })
    this.#supervisor.on('started', (name, pid) => {
      this.#watchPids()
      this.#happened({ event: 'started', name, pid })
    })
    this.#supervisor.on('died', (name, how, restartInMs) => {
      this.#watchPids()
      this.#inhibited.delete(name)
      this.#happened({ event: 'died', name, how, restartInMs: restartInMs ?? null })
    })
    this.#supervisor.on('report', (name, report) => this.#onReport(name, report))
  }

  /**
   * Starts everything. Resolves when each VIP has its routes over all LBs that are to carry it, and is listened for; one
   * that can't be is waited for in vain for a moment, and named in the report. Rejects, with all stopped again, when a role can't start, when that takes too long, and when {@link stop} is called meanwhile.
   */
  async start(): Promise<ReadyReport> {
    try {
      await this.#claimApi()
      if (this.#stopping.signal.aborted) throw new Error(STOPPED_EARLY)
      this.#directory.create() // not before: until then it may be that of a cluster that starts there, too
      this.#filesTimer = setInterval(() => this.#restoreFiles(), FILES_STEP_MS).unref()
      const roles = this.#roleSpecs()
      const ready = this.#untilReady()
      this.#supervisor.start(roles)
      await Promise.all([ready, this.#api.serve()])
      const report = this.#readyReport()
      this.#directory.writeRecord({
        name: this.plan.name,
        block: this.plan.block,
        pid: process.pid,
        api: report.api,
        token: this.#token,
        startedAt: new Date().toISOString(),
      })
      this.#happened({ event: 'ready', ...report })
      return report
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Ordered shutdown; may be called more than once. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  /** Ends all roles at once, for a launcher that has no time left. */
  killAll(): void {
    this.#supervisor.killAll()
    this.#directory.remove()
  }

  /** Reports a doubt about what the cluster was started with. */
  warn(warning: ConfigWarning): void {
    this.#happened({ event: 'warning', ...warning })
  }

  #happened(happening: Happening): void {
    const elapsedMs = Math.round(performance.now() - this.#createdAt)
    this.emit('event', { at: new Date().toISOString(), elapsedMs, ...happening })
  }

  async #claimApi(): Promise<void> {
    const { address: host, port } = this.plan.api
    await this.#api.claim().catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EADDRINUSE'
        ? new Error(
            `${host}:${port} is in use: another cluster runs in ${this.plan.block}? Choose another block (--block auto) or stop it`,
          )
        : error
    })
  }

  async #stop(): Promise<void> {
    this.#stopping.abort()
    clearInterval(this.#filesTimer)
    await this.#supervisor.stop()
    await this.#api.close()
    this.#reaper.release()
    this.#directory.remove()
    this.#happened({ event: 'stopped' })
  }

  #roleSpecs(): RoleSpec[] {
    const { switches, lbs, backends } = this.plan
    const specs = <T extends { readonly name: string; readonly lineCards?: number }>(
      kind: RoleSpec['kind'],
      program: string,
      configs: readonly T[],
    ): RoleSpec[] =>
      configs.map((config) => ({
        kind,
        name: config.name,
        program,
        forks: (config.lineCards ?? 1) > 1,
        configFile: this.#directory.writeRoleConfig(config.name, config),
      }))
    return [
      ...specs('switch', programOf('@fivetuple/switch'), switches),
      // Before many LBs, which check them: one that is checked before it has started is found unhealthy, and its VIPs are inhibited.
      ...specs('backend', programOf('@fivetuple/backend'), backends),
      ...specs('lb', programOf('@fivetuple/lb-node'), lbs),
    ]
  }

  /** Roles read their configuration when they start again, and commands find the cluster by its record. */
  #restoreFiles(): void {
    const { path } = this.#directory
    try {
      if (this.#directory.restore()) this.#happened({ event: 'files', directory: path, error: null })
      this.#filesError = undefined
    } catch (error) {
      const { message } = error as Error
      if (message !== this.#filesError) this.#happened({ event: 'files', directory: path, error: message })
      this.#filesError = message
    }
  }

  #watchPids(): void {
    const processes = this.#supervisor.states().filter(({ pid }) => pid !== 0)
    this.#reaper.watch(processes.map(({ pid, spec }) => (spec.forks ? -pid : pid)))
  }

  #untilReady(): Promise<void> {
    const { switches, lbs, backends } = this.plan
    for (const { name } of [...switches, ...lbs, ...backends]) this.#notReady.add(name)
    return new Promise((resolve, reject) => {
      let listenTimer: NodeJS.Timeout | undefined
      const check = (): void => {
        clearTimeout(listenTimer)
        if (this.#missing().length > 0) return
        if (this.#listenFailures.length > 0) listenTimer = setTimeout(succeed, LISTEN_WAIT_MS)
        else succeed()
      }
      const succeed = (): void => {
        done()
        resolve()
      }
      const onReady = (name: string): void => {
        this.#notReady.delete(name)
        check()
      }
      const onFailed = (name: string, reason: string): void => fail(`${name} can't start: ${reason}`)
      const onDied = (name: string, how: string): void => fail(`${name} ${how} while it started`)
      const fail = (why: string): void => {
        done()
        reject(new Error(why))
      }
      const onStop = (): void => fail(STOPPED_EARLY)
      const timer = setTimeout(
        () => fail(`not ready after ${READY_TIMEOUT_MS / 1000} s; still missing: ${this.#missing().join(', ')}`),
        READY_TIMEOUT_MS,
      )
      const done = (): void => {
        clearTimeout(timer)
        clearTimeout(listenTimer)
        this.#stopping.signal.removeEventListener('abort', onStop)
        this.#supervisor.off('ready', onReady).off('failed', onFailed).off('report', check).off('died', onDied)
      }
      this.#stopping.signal.addEventListener('abort', onStop)
      this.#supervisor.on('ready', onReady).on('failed', onFailed).on('report', check).on('died', onDied)
    })
  }

  /** What the cluster still lacks before it is ready. */
  #missing(): string[] {
    const routes = this.plan.vips.flatMap((vip) => {
      const routedTo = this.#routedTo.get(vip.address) ?? []
      const reasons = (lb: string) => this.#inhibited.get(lb)?.get(vip.address) ?? []
      if (routedTo.length === 0 && vip.lbs.some((lb) => reasons(lb).join() === 'standby'))
        return [`an active LB for ${vip.name}`]
      return vip.lbs
        .filter((lb) => !routedTo.includes(lb) && reasons(lb).length === 0)
        .map((lb) => `route of ${vip.name} by ${lb}`)
    })
    return [...this.#notReady, ...routes]
  }

  #onReport(name: string, report: RoleReport): void {
    if (report.event === 'vips') this.#onPlacement(name, report.data)
    else if (name !== this.plan.uplink.name) return
    else if (report.event === 'routes') this.#onRoutes(report.data)
    else this.#onListenFailures(report.data)
  }

  #onRoutes({ isFirst, forwardedBy }: ForwardedReport): void {
    for (const vip of this.plan.vips) {
      const lbs = forwardedBy[`${vip.address}/32`] ?? (isFirst ? [] : undefined)
      if (lbs === undefined) continue
      const before = this.#routedTo.get(vip.address) ?? []
      this.#routedTo.set(vip.address, lbs)
      if (lbs.join() !== before.join()) this.#happened({ event: 'routes', vip: vip.name, lbs })
    }
  }

  #onListenFailures(failures: readonly ListenFailureStatus[]): void {
    const before = this.#listenFailures
    this.#listenFailures = failures
    for (const { name, listen } of this.plan.vips) {
      const failure = listenFailureOf(name, failures)
      if (failure?.reason !== listenFailureOf(name, before)?.reason)
        this.#happened({ event: 'listener', vip: name, listen: `${listen.address}:${listen.port}`, failure })
    }
  }

  #onPlacement(lb: string, placed: readonly PlacedVip[]): void {
    const before = this.#inhibited.get(lb)
    const inhibited = new Map(
      placed.filter((vip) => vip.inhibitedBy.length > 0).map((vip) => [vip.address, vip.inhibitedBy]),
    )
    this.#inhibited.set(lb, inhibited)
    for (const { name, address } of this.plan.vips) {
      const inhibitors = inhibited.get(address) ?? []
      if (inhibitors.join() !== (before?.get(address) ?? []).join())
        this.#happened({ event: 'inhibited', vip: name, lb, inhibitors })
    }
  }

  #readyReport(): ReadyReport {
    const { plan } = this
    const pids = new Map(this.#supervisor.states().map(({ spec, pid }) => [spec.name, pid]))
    const pid = (name: string): number => pids.get(name) ?? 0
    return {
      api: `http://${plan.api.address}:${plan.api.port}`,
      block: plan.block,
      vips: plan.vips.map(({ name, address, port, protocol, listen, lbs }) => ({
        name,
        address,
        port,
        protocol,
        listen: `${listen.address}:${listen.port}`,
        listenFailure: listenFailureOf(name, this.#listenFailures),
        lbs,
      })),
      lbs: plan.lbs.map(({ name, address, bip }) => ({ name, pid: pid(name), address, bip })),
      backends: plan.backends.map(({ name, address, port }) => ({ name, pid: pid(name), address, port })),
      switches: plan.switches.map(({ name, role, address }) => ({ name, role, pid: pid(name), address })),
    }
  }
}

function programOf(packageName: string): string {
  return fileURLToPath(programIn(new URL('.', import.meta.resolve(packageName))))
}
