import type { ClusterConfig, ConfigOverrides } from '../config/cluster-config.js'
import { formatConfigError, formatConfigWarning } from '../config/config-error.js'
import { usageRules } from '../config/machine.js'
import { Cluster } from '../launcher/cluster.js'
import type { ClusterEvent, ReadyReport } from '../launcher/events/event.js'
import { findFreeBlock } from '../plan/find-free-block.js'
import { CliError } from './cli-error.js'
import { renderEvent } from './event-report.js'
import { readConfig, type UsableConfig } from './read-config.js'
import { table } from './table.js'

export interface UpOptions extends ConfigOverrides {
  readonly file?: string
  readonly json?: boolean
  /** True to stop when standard input ends. */
  readonly stdin?: boolean
}

/** Runs `fivetuple up`: a cluster in the foreground. Resolves when the cluster has stopped. */
export async function up(options: UpOptions): Promise<void> {
  const { config, warnings } = await usableConfig(options)
  const block = config.block === 'auto' ? await findFreeBlock(addressesOf(config)) : config.block
  const cluster = new Cluster(config, block)
  // A person gets the changes between ready and stopping; a program gets all events.
  let isSteady = false
  cluster.on('event', (event) => {
    if (options.json) printJson(event)
    else if (event.kind === 'warning') process.stderr.write(`${formatConfigWarning(event)}\n`)
    else if (isSteady) process.stdout.write(renderEvent(event))
  })
  for (const warning of warnings) cluster.warn(warning)
  const stopped = untilAsked(cluster, options.stdin === true, () => {
    isSteady = false
  })
  const startedAt = performance.now()
  try {
    const report = await cluster.start()
    if (!options.json) process.stdout.write(renderReady(report, performance.now() - startedAt))
    isSteady = true
  } catch (error) {
    process.stdin.destroy() // else it keeps the process alive
    throw new CliError((error as Error).message)
  }
  await stopped
  if (!options.json) process.stdout.write(`${new Date().toISOString()} stopped\n`)
}

/** Returns the addresses that a configuration names; no role may have one of them. */
function addressesOf({ vips, backends, bgp }: ClusterConfig): string[] {
  return [
    ...vips.flatMap(({ expose }) => expose?.address ?? []),
    ...backends.flatMap(({ server }) => server?.address ?? []),
    ...bgp.neighbors.map(({ address }) => address),
  ]
}

async function usableConfig(options: UpOptions): Promise<UsableConfig> {
  const { file, lbs, backends, block, checks } = options
  if (file === '-' && options.stdin === true)
    throw new CliError('-f - and --stdin both read standard input: put the configuration into a file', 2)
  const result = await readConfig(
    file,
    { lbs, backends, block, checks: checks === false ? false : undefined },
    usageRules(),
  )
  if (!result.ok)
    throw new CliError(
      `the configuration is not usable\n${result.errors.map(formatConfigError).join('\n')}`,
      2,
      result.errors,
    )
  return result
}

/**
 * Waits for Ctrl-C or a signal, which stops the cluster in order; a second one ends it at once. If
 * the launcher is killed, the roles detect that their channel to it is gone.
 */
function untilAsked(cluster: Cluster, watchStdin: boolean, onStop: () => void): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false
    const onSignal = (): void => {
      if (isStopping) {
        cluster.killAll()
        process.exit(130)
      }
      isStopping = true
      onStop()
      void cluster.stop().then(() => {
        process.stdin.destroy() // else it keeps the process alive
        resolve()
      })
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
    if (watchStdin) process.stdin.on('end', onSignal).on('error', onSignal).resume()
    process.on('exit', () => cluster.killAll())
  })
}

function printJson(event: ClusterEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`)
}

function renderReady(report: ReadyReport, elapsedMs: number): string {
  const [first] = report.vips
  const web = report.vips.find(({ protocol, listenFailure }) => protocol === 'tcp' && listenFailure === null)
  const failures = report.vips.flatMap(({ name, listenFailure }) =>
    listenFailure === null
      ? []
      : [`! clients can't connect to ${name}: ${listenFailure.reason}; it is tried again every second\n`],
  )
  const state = failures.length === 0 ? 'is up' : `is up, without ${failures.length} of ${report.vips.length} VIPs,`
  const lines = table(
    [
      ...report.switches.map(({ name, role, pid, address }) => [name, `${role} switch`, address, `pid ${pid}`]),
      ...report.lbs.map(({ name, pid, address, bip }) => [name, 'LB', `${address}, BIP ${bip}`, `pid ${pid}`]),
      ...report.backends.map(({ name, pid, address, port }) => [
        name,
        'backend',
        `${address}:${port}`,
        pid === 0 ? 'external' : `pid ${pid}`,
      ]),
      ...report.vips.map(({ name, listen, lbs }) => [name, 'VIP', listen, `on ${lbs.join(' ')}`]),
    ],
    '  ',
  )
  const victim = report.lbs[0]
  const suggestions = table(
    [
      ...(web
        ? [[`curl http://${web.listen}/`, 'the response names the backend and the SNAT address that it saw']]
        : []),
      ['npx -y pnpm@12 fivetuple status', 'routes, sessions, counters'],
      [`npx -y pnpm@12 fivetuple explain 127.0.0.1:50000 ${first?.name ?? 'web'}`, 'which LB a flow takes, and why'],
      [`kill -9 ${victim?.pid ?? ''}`, `${victim?.name ?? 'the LB'} dies; watch its routes go and come back`],
    ],
    '  ',
  )
  return `${new Date().toISOString()} fivetuple ${state} in ${report.block}, ${(elapsedMs / 1000).toFixed(1)} s

${lines}${failures.join('')}
Try, in another terminal:
${suggestions}Ctrl-C stops everything.
`
}
