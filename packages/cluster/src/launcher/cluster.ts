import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { ClusterConfig } from '../config/cluster-config.js'
import type { ConfigWarning } from '../config/config-error.js'
import { type ClusterPlan, planCluster } from '../plan/plan.js'
import { ClusterView } from './cluster-view.js'
import { clusterControl } from './control.js'
import { ControlApi } from './control-api.js'
import { type ConvergenceSources, untilConverged } from './convergence.js'
import { ClusterEvents } from './events/cluster-events.js'
import type { ClusterEvent, ReadyReport } from './events/event.js'
import { FaultControl } from './faults/fault-control.js'
import { type FaultChange, faultHappening } from './faults/fault-event.js'
import { LinkFlaps } from './faults/link-flaps.js'
import { LinkImpairments } from './faults/link-impairments.js'
import { injectablesOf } from './faults/link-request.js'
import { Links } from './faults/links.js'
import { FlowCollector } from './flows/flow-collector.js'
import { LbConfigs } from './lb-configs.js'
import { LbFleet } from './lb-fleet.js'
import { ListenerEvents } from './listener-events.js'
import { EventPredictions } from './oracle/event-predictions.js'
import { untilReady } from './readiness.js'
import { readyReport } from './ready-report.js'
import { Reaper } from './reaper.js'
import { Recovery } from './recovery.js'
import { type RoleClients, roleClients } from './role-contracts.js'
import { roleSpecs } from './role-specs.js'
import { RunDirectory } from './run-directory.js'
import { RunDirectoryKeeper } from './run-directory-keeper.js'
import { Supervisor } from './supervisor.js'

const KEY_BYTES = 32
const STOPPED_EARLY = 'it was stopped before it was ready'

interface EmittedEvents {
  event: [event: ClusterEvent]
}

/** Cluster of role processes with its control API, as `fivetuple up` runs it. */
export class Cluster extends EventEmitter<EmittedEvents> {
  readonly plan: ClusterPlan
  readonly #directory: RunDirectory
  readonly #keeper: RunDirectoryKeeper
  readonly #reaper: Reaper
  readonly #supervisor = new Supervisor({ beforeRestart: () => this.#keeper.restore() })
  readonly #api: ControlApi
  readonly #token = randomBytes(KEY_BYTES).toString('base64url')
  readonly #view: ClusterView
  readonly #predictions: EventPredictions
  readonly #faults: FaultControl
  readonly #flaps: LinkFlaps
  readonly #listenerEvents: ListenerEvents
  readonly #events: ClusterEvents
  readonly #stopping = new AbortController()
  readonly #convergence: ConvergenceSources
  #stopped: Promise<void> | undefined

  /** @param block the /16 to use, CIDR; overrides the configuration, whose block may be 'auto' */
  constructor(config: ClusterConfig, block: string) {
    super()
    this.plan = planCluster(config, block, randomBytes(KEY_BYTES).toString('hex'))
    this.#directory = new RunDirectory(block)
    this.#keeper = new RunDirectoryKeeper(this.#directory, (happening) => this.#events.happened(happening))
    this.#reaper = new Reaper(this.#directory.path)
    this.#view = new ClusterView(this.plan)
    this.#listenerEvents = new ListenerEvents(this.plan, this.#view)
    this.#events = new ClusterEvents({
      vips: this.plan.vips,
      kept: config.events.kept,
      onEvent: (event) => this.emit('event', event),
    })
    const write = (name: string, config: unknown) => this.#directory.writeRoleConfig(name, config)
    const configs = new LbConfigs(this.plan.lbs, write)
    const roles = roleClients((name, method, params) => this.#supervisor.request(name, method, params))
    const flows = this.#collectFlows(roles)
    const fleet = new LbFleet(configs, roles, this.#supervisor)
    const links = new Links(this.plan, write, roles)
    this.#flaps = new LinkFlaps(links)
    this.#predictions = new EventPredictions({ plan: this.plan, supervisor: this.#supervisor, roles, view: this.#view })
    const parts = {
      plan: this.plan,
      supervisor: this.#supervisor,
      roles,
      fleet,
      links,
      flaps: this.#flaps,
      impairments: new LinkImpairments(fleet),
      view: this.#view,
      flows,
      recovery: new Recovery(this.plan, configs, this.#view),
      predictions: this.#predictions,
    }
    this.#faults = new FaultControl(parts, {
      predictions: this.#predictions,
      onChange: (change) => this.#events.happened(faultHappening(change), change.role, this.#causeOf(change)),
    })
    this.#convergence = {
      plan: this.plan,
      view: this.#view,
      canCarry: (lb) => this.#supervisor.state(lb).state === 'running' && this.#faults.canCarry(lb),
    }
    this.#api = new ControlApi({
      address: this.plan.api.address,
      port: this.plan.api.port,
      token: this.#token,
      control: clusterControl(parts, this.#faults, this.#events),
    })
    this.#supervisor.on('started', (name, pid) => {
      this.#watchPids()
      this.#events.happened({ kind: 'role.started', pid }, name)
      this.#predictions.onStarted(name)
    })
    this.#supervisor.on('died', (name, how, restartInMs) => {
      this.#watchPids()
      this.#view.onDied(name)
      this.#events.onExited(name, how, restartInMs)
    })
    if (flows !== undefined)
      this.#supervisor
        .on('records', (name, pid, batch) => flows.onBatch(name, pid, batch))
        .on('recordsEnd', (name, pid) => flows.onEnd(name, pid))
        .on('died', (name) => flows.onDied(name))
    this.#supervisor.on('ready', (name) => {
      this.#events.happened({ kind: 'role.ready' }, name)
      this.#view.onReady(name)
    })
    this.#supervisor.on('failed', (name, reason) => this.#events.happened({ kind: 'role.failed', reason }, name))
    this.#supervisor.on('report', (name, report) => {
      if (report.event === 'happenings') this.#events.onReports(name, report.data)
      else this.#view.onReport(name, report)
      if (report.event !== 'listenFailures') return
      for (const happening of this.#listenerEvents.changes()) this.#events.happened(happening)
    })
  }

  /**
   * Starts all roles. Resolves when the cluster is ready (see {@link untilReady}). If a role can't
   * start, if the start takes too long, or if {@link stop} is called meanwhile, stops all roles and
   * rejects.
   */
  async start(): Promise<ReadyReport> {
    try {
      await this.#claimApi()
      if (this.#stopping.signal.aborted) throw new Error(STOPPED_EARLY)
      this.#directory.create() // not before: until then it may be the directory of another cluster that starts there
      this.#keeper.start()
      const roles = roleSpecs(this.plan, (name, config) => this.#directory.writeRoleConfig(name, config))
      const ready = this.#untilReady()
      this.#supervisor.start(roles)
      await Promise.all([ready, this.#api.serve()])
      for (const { seed, ...request } of this.plan.linkFaults)
        await this.#faults.inject(injectablesOf(request), { author: 'config', seed })
      const report = readyReport(this.plan, this.#view, this.#supervisor.states())
      this.#directory.writeRecord({
        name: this.plan.name,
        block: this.plan.block,
        pid: process.pid,
        api: report.api,
        token: this.#token,
        startedAt: new Date().toISOString(),
      })
      this.#events.happened({ kind: 'ready', ...report })
      return report
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Control API with its token, for a client in this process. */
  get access(): { readonly api: string; readonly token: string } {
    const { address, port } = this.plan.api
    return { api: `http://${address}:${port}`, token: this.#token }
  }

  /**
   * Waits until the uplink switch forwards each VIP to exactly the LBs that can carry it. Rejects
   * with the signal's reason when it is aborted.
   */
  untilConverged(signal: AbortSignal): Promise<void> {
    return untilConverged(this.#convergence, { signal })
  }

  /** Stops the cluster in order; may be called more than once. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  /** Kills all roles at once, when the launcher itself is about to end. */
  killAll(): void {
    this.#supervisor.killAll()
    this.#directory.remove()
  }

  /** Reports a warning about the configuration. */
  warn(warning: ConfigWarning): void {
    this.#events.happened({ kind: 'warning', ...warning })
  }

  /** A fault that has ended by itself has a cause of its own, which the log finds. */
  #causeOf({ change }: FaultChange): number | undefined {
    return change === 'injected' || change === 'cleared' ? this.#events.operation : undefined
  }

  /** Creates the collector of flow records, unless none are made. */
  #collectFlows(clients: RoleClients): FlowCollector | undefined {
    const { flows, uplink, downlink, lbs } = this.plan
    if (flows === null) return undefined
    return new FlowCollector({
      kept: flows.kept,
      roles: [{ name: uplink.name, lb: undefined }, ...lbs.map(({ name, id }) => ({ name, lb: id }))],
      downlink: downlink.name,
      clients,
      placeOf: (role, id) => this.#events.placeOf(role, id),
    })
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
    this.#events.happened({ kind: 'stopping' })
    this.#stopping.abort()
    this.#keeper.stop()
    this.#faults.stop()
    this.#flaps.stop()
    await this.#supervisor.stop()
    this.#events.happened({ kind: 'stopped' })
    await this.#events.close()
    await this.#api.close()
    this.#reaper.release()
    this.#directory.remove()
  }

  #watchPids(): void {
    const processes = this.#supervisor.states().filter(({ pid }) => pid !== 0)
    this.#reaper.watch(processes.map(({ pid, spec }) => (spec.forks ? -pid : pid)))
  }

  /** Ends the wait if a role can't start or the cluster is stopped. */
  async #untilReady(): Promise<void> {
    const failure = new AbortController()
    const fail = (reason: string): void => failure.abort(new Error(reason))
    const onFailed = (name: string, reason: string): void => fail(`${name} can't start: ${reason}`)
    const onDied = (name: string, how: string): void => fail(`${name} ${how} while it started`)
    const onStop = (): void => fail(STOPPED_EARLY)
    this.#stopping.signal.addEventListener('abort', onStop)
    this.#supervisor.on('failed', onFailed).on('died', onDied)
    try {
      await untilReady(this.#view, { signal: failure.signal })
    } finally {
      this.#stopping.signal.removeEventListener('abort', onStop)
      this.#supervisor.off('failed', onFailed).off('died', onDied)
    }
  }
}
