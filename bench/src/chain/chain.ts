import { environment, writeReport } from '../report.js'
import { startBackends } from './backends.js'
import { chainCases } from './cases.js'
import { type ChainResult, measureCase } from './measure.js'
import { renderChain } from './render.js'
import { onStage, type Stage } from './stage.js'
import { findTools, type ToolCommands, type Tools } from './tools.js'
import type { Way } from './way.js'
import { directWay, fivetupleWay, haproxyWay, nginxWay } from './ways.js'

export interface ChainOptions {
  readonly lbs: number
  readonly seconds: number
  readonly rounds: number
  /** Names, or parts of names, of the cases to run; none: all. */
  readonly only: readonly string[]
  readonly commands: ToolCommands
  /** What answers small requests. */
  readonly backend: 'nginx' | 'fastify'
}

/** fivetuple's three hops against chains of three proxies, and against none. */
export async function chain(options: ChainOptions): Promise<void> {
  const { only } = options
  const tools = findTools(options.commands)
  const cases = chainCases(tools)
  const chosen = cases.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)))
  if (chosen.length === 0) throw new Error(`there are only ${cases.map(({ name }) => name).join(', ')}`)
  for (const missing of whatIsMissing(tools)) process.stderr.write(`${missing}\n`)
  const at = environment()
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
  const results: ChainResult[] = []
  await onStage(async (stage) => {
    const toStop: (() => Promise<void>)[] = []
    try {
      const nginx = options.backend === 'nginx' ? tools.nginx?.command : undefined
      const backends = await startBackends(stage, nginx, [16_384, 1_048_576, 104_857_600])
      toStop.push(backends.stop)
      const ways: Way[] = [directWay(backends.services)]
      for (const start of starters(stage, backends.services, options, tools)) {
        const way = await start()
        ways.push(way)
        toStop.push(way.stop)
      }
      for (const one of chosen) {
        if (stop.signal.aborted) break
        process.stderr.write(`${one.name} ...\n`)
        const { rounds, seconds } = options
        results.push(await measureCase(one, ways, { rounds, seconds, backends: backends.pids, signal: stop.signal }))
      }
    } finally {
      await Promise.all(toStop.map((stop) => stop()))
    }
  })
  process.stdout.write(`\n${renderChain(results)}\n`)
  process.stdout.write(`written to ${writeReport('chain', at, { options, tools, results })}\n`)
  if (stop.signal.aborted) process.exitCode = 130
}

function starters(
  stage: Stage,
  services: Parameters<typeof directWay>[0],
  { lbs }: ChainOptions,
  { haproxy, nginx, nginxStream }: Tools,
): (() => Promise<Way>)[] {
  return [
    () => fivetupleWay(stage, services, lbs),
    ...(haproxy ? [() => haproxyWay(stage, services, haproxy.command)] : []),
    ...(nginx && nginxStream ? [() => nginxWay(stage, services, nginx.command, nginxStream.module)] : []),
  ]
}

function whatIsMissing({ wrk, haproxy, nginx, nginxStream }: Tools): string[] {
  return [
    ...(wrk ? [] : ['wrk is not installed: its cases are skipped']),
    ...(haproxy ? [] : ['HAProxy is not installed: skipped']),
    ...(nginx ? [] : ['nginx is not installed: skipped; our own backend answers small requests']),
    ...(nginx && !nginxStream ? ['nginx has no stream module (Debian: libnginx-mod-stream): skipped'] : []),
  ]
}
