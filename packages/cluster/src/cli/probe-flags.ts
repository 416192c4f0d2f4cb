import { COUNT_MAX } from '@fivetuple/client'
import { parseQuantity } from '@fivetuple/faults'
import { UsageError } from '../operations/command.js'
import { duration, whole } from '../operations/parsers.js'
import { SEED_MAX } from '../operations/predict-parameters.js'
import { CliError } from './cli-error.js'

const RATE_MAX = 20_000
const SECONDS_MAX = 3_600
const CONNECTIONS_MAX = 5_000
const TIMEOUT_MAX_MS = 600_000
/** All requests share one body. */
const BODY_MAX_BYTES = 64 * 1024 * 1024

/** Options of `fivetuple probe` as they were given. */
export interface ProbeFlags {
  readonly rate: string
  readonly seconds: string
  readonly count?: string
  readonly connections: string
  readonly newConnections?: boolean
  readonly bodyUp?: string
  readonly bodyDown?: string
  readonly udp?: boolean
  readonly tcpEcho?: boolean
  readonly from?: string
  readonly seed?: string
  readonly timeout: string
  readonly plan?: boolean
  readonly flows?: boolean
  readonly hdr?: string
  readonly block?: string
  readonly json?: boolean
}

/** Options of `fivetuple probe`. */
export interface ProbeSettings {
  readonly ratePerSecond: number
  readonly durationMs: number
  /** Number of requests to each target. */
  readonly count: number
  readonly connections: number | 'new'
  readonly bodyUpBytes: number | undefined
  readonly bodyDownBytes: number | undefined
  /** undefined: that of the VIP, else HTTP. */
  readonly exchange: 'udp' | 'tcp-echo' | undefined
  readonly from: string | undefined
  readonly seed: number | undefined
  readonly timeoutMs: number
  readonly hdr: string | undefined
  readonly block: string | undefined
}

/** @throws CliError that names the option, the range and the remedy */
export function parseProbeFlags(flags: ProbeFlags): ProbeSettings {
  const { rate, seconds, count, connections, newConnections, bodyUp, bodyDown, udp, tcpEcho, seed, timeout } = flags
  const ratePerSecond = number('--rate', rate, 0.01, RATE_MAX)
  const durationMs = 1_000 * number('--seconds', seconds, 0.001, SECONDS_MAX)
  const due = Math.ceil((durationMs * ratePerSecond) / 1_000)
  const countMax = count === undefined ? COUNT_MAX : parsed('--count', count, whole(1, COUNT_MAX))
  const exchange = udp === true ? 'udp' : tcpEcho === true ? 'tcp-echo' : undefined
  if (exchange !== undefined && bodyDown !== undefined)
    throw new CliError('--body-down is for HTTP: an echo has the size of --body-up', 2)
  const timeoutMs = parsed('--timeout', timeout, duration)
  if (timeoutMs < 1 || timeoutMs > TIMEOUT_MAX_MS)
    throw new CliError(`--timeout is '${timeout}': a duration from 1ms to ${TIMEOUT_MAX_MS / 1_000}s is needed`, 2)
  return {
    ratePerSecond,
    durationMs,
    count: Math.min(due, countMax),
    connections: newConnections === true ? 'new' : parsed('--connections', connections, whole(1, CONNECTIONS_MAX)),
    bodyUpBytes: bodyUp === undefined ? undefined : bytes('--body-up', bodyUp),
    bodyDownBytes: bodyDown === undefined ? undefined : bytes('--body-down', bodyDown),
    exchange,
    from: flags.from,
    seed: seed === undefined ? undefined : parsed('--seed', seed, whole(0, SEED_MAX)),
    timeoutMs,
    hdr: flags.hdr,
    block: flags.block,
  }
}

function parsed<T>(flag: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof UsageError) throw new CliError(`${flag} is '${text}': ${error.message}`, 2)
    throw error
  }
}

function number(flag: string, text: string, min: number, max: number): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new CliError(`${flag} is '${text}': a number from ${min} to ${max} is needed`, 2)
}

function bytes(flag: string, text: string): number {
  const value = parseQuantity(text, 'bytes') ?? Number.NaN
  if (Number.isInteger(value) && value >= 0 && value <= BODY_MAX_BYTES) return value
  throw new CliError(`${flag} is '${text}': a size from 0 to ${BODY_MAX_BYTES / 2 ** 20}MiB is needed, as in 64KiB`, 2)
}
