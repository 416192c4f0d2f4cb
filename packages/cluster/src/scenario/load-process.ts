import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { asProbeReport, type ProbeReport } from '@fivetuple/client'
import type { ClusterPlan } from '../plan/plan.js'
import { programIn } from '../program.js'
import type { Load } from './scenario.js'

/** Longest time from the end of a load to its report, ms. */
const REPORT_MAX_MS = 10_000
/** Last part of a client's error output that an error quotes, characters. */
const STDERR_KEPT = 2_000

/** Sources of a load: the same ones give the same five-tuples. */
export interface LoadSources {
  readonly seed: number
  /** Number of the load, from 1, of those that share the client pool. */
  readonly number: number
  readonly loads: number
}

/** Client process that sends one load. */
export interface LoadProcess {
  /** Rejects if the client can't run. */
  readonly report: Promise<ProbeReport>
  /** Ends the load early; the report covers what was sent. */
  stop(): void
  /** Ends the process at once. */
  kill(): void
}

/**
 * Starts a load. It has a process of its own, so that nothing here delays its requests; it ends
 * when this process does.
 */
export function startLoad(load: Load, plan: ClusterPlan, durationMs: number, sources: LoadSources): LoadProcess {
  const vip = plan.vips.find(({ name }) => name === load.vip)!
  const args = [
    `http://${vip.listen.address}:${vip.listen.port}${load.path}`,
    ...['--rate', String(load.ratePerSecond), '--seconds', String(durationMs / 1000)],
    ...['--timeout', String(load.timeoutMs), '--from', plan.clientPool, '--json', '--flows', '--stdin'],
    ...['--seed', String(sources.seed), '--share', `${sources.number}/${sources.loads}`],
    ...(load.connections === 'new' ? ['--new-connections'] : ['--connections', String(load.connections)]),
    ...plan.lbs.flatMap(({ name, bip }) => ['--lb', `${name}=${bip}`]),
  ]
  const program = fileURLToPath(programIn(new URL('./', import.meta.resolve('@fivetuple/client'))))
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  let out = ''
  let errors = ''
  child.stdin.on('error', () => {}) // it has ended already
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-STDERR_KEPT)))
  const overdue = setTimeout(() => child.kill('SIGKILL'), durationMs + load.timeoutMs + REPORT_MAX_MS)
  const report = new Promise<ProbeReport>((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => {
      clearTimeout(overdue)
      const result = asProbeReport(out)
      if (result !== undefined) resolve(result)
      else {
        const how = signal === null ? `exit code ${code}` : signal
        reject(new Error(`the load '${load.name}' ended without a report (${how}): ${errors.trim() || 'no output'}`))
      }
    })
  })
  report.catch(() => {}) // its reader may not wait for it yet
  return { report, stop: () => child.stdin.end(), kill: () => child.kill('SIGKILL') }
}
