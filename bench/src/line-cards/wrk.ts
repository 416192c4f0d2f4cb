import { execFile, execFileSync } from 'node:child_process'

/** What one run of wrk told. */
export interface WrkResult {
  readonly requests: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Connect, read, write and timeout errors, and answers other than 2xx and 3xx. */
  readonly errors: number
}

export interface WrkOptions {
  readonly url: string
  readonly connections: number
  readonly seconds: number
  /** Whether each request has a connection of its own. */
  readonly isFresh: boolean
}

/** Whether wrk is installed. */
export function hasWrk(): boolean {
  try {
    execFileSync('wrk', ['-v'], { stdio: 'ignore' })
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT' // it exits with 1 after telling its version
  }
}

/** Runs wrk with one thread; rejects when it can't. */
export function runWrk({ url, connections, seconds, isFresh }: WrkOptions): Promise<WrkResult> {
  const header = isFresh ? ['-H', 'Connection: close'] : []
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...header, url]
  return new Promise((resolve, reject) => {
    execFile('wrk', args, { timeout: (seconds + 10) * 1_000 }, (error, stdout) => {
      const result = parseWrk(stdout)
      if (error !== null || result === undefined) reject(error ?? new Error(`wrk said: ${stdout}`))
      else resolve(result)
    })
  })
}

/** Reads what wrk prints with `--latency`; undefined when it is something else. */
export function parseWrk(text: string): WrkResult | undefined {
  const requests = Number(/(\d+) requests in/.exec(text)?.[1])
  const requestsPerSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1])
  const p50Ms = milliseconds(/^\s+50%\s+(\S+)/m.exec(text)?.[1])
  const p99Ms = milliseconds(/^\s+99%\s+(\S+)/m.exec(text)?.[1])
  if (!Number.isFinite(requests + requestsPerSecond + p50Ms + p99Ms)) return undefined
  const socket = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1) ?? []
  const status = /Non-2xx or 3xx responses: (\d+)/.exec(text)?.slice(1) ?? []
  const errors = [...socket, ...status].reduce((sum, n) => sum + Number(n), 0)
  return { requests, requestsPerSecond, p50Ms, p99Ms, errors }
}

/** `830.00us`, `4.71ms` or `1.02s` */
function milliseconds(text: string | undefined): number {
  const [, value, unit] = /^([\d.]+)(us|ms|s)$/.exec(text ?? '') ?? []
  return unit === 'us' ? Number(value) / 1_000 : unit === 's' ? Number(value) * 1_000 : Number(value)
}
