import { Command, InvalidArgumentError } from 'commander'
import { COUNT_MAX, runProbe } from './probe.js'
import { renderReport } from './render.js'
import { SeededSources } from './seeded-sources.js'
import { SourcePool } from './source-pool.js'
import type { Sources } from './sources.js'

const RATE_MAX = 20_000
const SECONDS_MAX = 3_600
const CONNECTIONS_MAX = 5_000

interface Options {
  readonly rate: number
  readonly seconds: number
  readonly count: number
  readonly connections: number
  readonly newConnections?: boolean
  readonly from?: SourcePool
  readonly seed?: number
  readonly share: readonly [probe: number, probes: number]
  readonly timeout: number
  readonly lb: ReadonlyMap<string, string>
  readonly json?: boolean
  readonly flows?: boolean
  readonly stdin?: boolean
}

/** Exit codes: 0 if every request was completed, 1 if some failed, 2 for invalid usage. */
const program = new Command('fivetuple-client')
  .description(
    'Sends HTTP requests at fixed times, and reports latency from the due time, failures, and the LB and backend of each flow',
  )
  .argument('<url>', 'URL to get; the response of http://<vip>:<port>/ names the backend', url)
  .option('-r, --rate <n>', 'requests per second', between(0.01, RATE_MAX), 100)
  .option('-s, --seconds <n>', 'duration', between(0.001, SECONDS_MAX), 10)
  .option('-n, --count <n>', 'largest number of requests', whole(COUNT_MAX), COUNT_MAX)
  .option('-c, --connections <n>', 'keep-alive connections that take turns', whole(CONNECTIONS_MAX), 10)
  .option('--new-connections', 'a new connection for each request')
  .option('--from <cidr>', 'source addresses, used in turn, e.g. 127.20.100.0/22', pool)
  .option('--seed <n>', 'with --from: draw addresses and ports by this seed', between(0, 0xffff_ffff))
  .option('--share <i/n>', 'with --seed: this is probe i of n, from 1, that share the pool', share, [0, 1])
  .option('-t, --timeout <ms>', 'timeout of a request, from its due time', between(1, 600_000), 5_000)
  .option('--lb <name=bip>', 'name of the LB with this BIP; may be repeated', lb, new Map())
  .option('--flows', 'with --json: list every connection')
  .option('--stdin', 'stop when standard input ends: for a program that starts a probe and may die')
  .option('--json', 'one JSON document at the end, with a series in steps of 100 ms')
  .showHelpAfterError()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .action(run)

async function run(target: URL, options: Options): Promise<void> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort())
  if (options.stdin)
    process.stdin
      .once('end', () => stop.abort())
      .once('error', () => stop.abort())
      .resume()
  const from = sourcesOf(options)
  const { flowList, recoveryList, takenList, ...report } = await runProbe({
    url: target,
    ratePerSecond: options.rate,
    durationMs: options.seconds * 1000,
    countMax: options.count,
    connections: options.newConnections === true ? 'new' : options.connections,
    ...(from && { from }),
    timeoutMs: options.timeout,
    lbOf: options.lb,
    signal: stop.signal,
  })
  const whole = { ...report, flowList, recoveryList, takenList }
  if (options.json) process.stdout.write(`${JSON.stringify(options.flows ? whole : report)}\n`)
  else process.stdout.write(renderReport(whole))
  if (report.failed > 0) process.exitCode = 1
  process.stdin.destroy() // else it keeps the process alive
}

function sourcesOf({ from: pool, seed, share, rate, seconds, ...options }: Options): Sources | undefined {
  if (pool === undefined || seed === undefined) return pool
  const [probe, probes] = share
  const count = Math.min(Math.ceil(rate * seconds), options.count)
  const connections = options.newConnections === true ? count : options.connections
  return new SeededSources({ pool, seed, connections, probes, probe })
}

function share(text: string): [probe: number, probes: number] {
  const [, i, n] = /^([1-9]\d{0,2})\/([1-9]\d{0,2})$/.exec(text) ?? []
  if (i !== undefined && Number(i) <= Number(n)) return [Number(i) - 1, Number(n)]
  throw new InvalidArgumentError('a number of a probe and the number of probes are needed, as in 1/2')
}

function url(text: string): URL {
  const parsed = URL.canParse(text) ? new URL(text) : undefined
  if (parsed?.protocol !== 'http:') throw new InvalidArgumentError('an http:// URL is needed')
  return parsed
}

function between(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`a number from ${min} to ${max} is needed`)
  }
}

function whole(max: number): (text: string) => number {
  return (text) => {
    if (/^[1-9]\d*$/.test(text) && Number(text) <= max) return Number(text)
    throw new InvalidArgumentError(`a whole number from 1 to ${max} is needed`)
  }
}

function pool(text: string): SourcePool {
  const sources = SourcePool.parse(text)
  if (sources === undefined) throw new InvalidArgumentError('an address or a prefix is needed, e.g. 127.20.100.0/22')
  return sources
}

function lb(text: string, lbs: ReadonlyMap<string, string>): Map<string, string> {
  const [, name, bip] = /^([^=]+)=([\d.]+)$/.exec(text) ?? []
  if (name === undefined || bip === undefined)
    throw new InvalidArgumentError('name=BIP is needed, e.g. lb-1=127.20.2.1')
  return new Map(lbs).set(bip, name)
}

await program.parseAsync()
