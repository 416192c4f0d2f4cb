import { fileLimit } from '../file-limit.js'
import { interruption } from '../interrupt.js'
import { environment, writePage, writeReport } from '../report.js'
import { selected } from '../select.js'
import { startBackends } from './backends.js'
import { chainCases, DOWNLOADS } from './cases.js'
import type { Contender } from './contender.js'
import { directContender, fivetupleContender, haproxyContender, nginxContender } from './contenders.js'
import { type Fixture, withFixture } from './fixture.js'
import { measureCase } from './measure.js'
import { type ChainFacts, chainPage } from './page.js'
import { renderChain } from './render.js'
import type { ChainResult } from './result.js'
import { findTools, type ToolCommands, type Tools } from './tools.js'

export interface ChainOptions {
  readonly lbs: number
  readonly seconds: number
  readonly rounds: number
  /** Names, or parts of names, of the cases to run; none: all. */
  readonly only: readonly string[]
  readonly commands: ToolCommands
  /** Server of small requests. */
  readonly backend: 'nginx' | 'fastify'
}

/** fivetuple's three hops against chains of three proxies, and against none. */
export async function chain(options: ChainOptions): Promise<void> {
  const { only, lbs, rounds, seconds } = options
  const tools = findTools(options.commands)
  const cases = selected(chainCases(tools.wrk?.command, fileLimit()), only)
  for (const missing of whatIsMissing(tools)) process.stderr.write(`${missing}\n`)
  const at = environment()
  const signal = interruption()
  const results: ChainResult[] = []
  const nginx = options.backend === 'nginx' ? tools.nginx : undefined
  const backend = nginx?.version ?? 'fastify'
  await withFixture(async (fixture) => {
    const toStop: (() => Promise<void>)[] = []
    try {
      const backends = await startBackends(fixture, nginx?.command, DOWNLOADS)
      toStop.push(backends.stop)
      const contenders: Contender[] = [directContender(backends.services)]
      for (const start of starters(fixture, backends.services, options, tools)) {
        const contender = await start()
        contenders.push(contender)
        toStop.push(contender.stop)
      }
      for (const one of cases) {
        if (signal.aborted) break
        process.stderr.write(`${one.name} ...\n`)
        results.push(await measureCase(one, contenders, { rounds, seconds, backends: backends.pids, signal }))
      }
    } finally {
      await Promise.all(toStop.map((stop) => stop()))
    }
  })
  const facts: ChainFacts = { lbs, rounds, seconds, versions: versionsOf(tools), backend }
  process.stdout.write(`\n${renderChain(results)}\n`)
  process.stdout.write(`written to ${writeReport('chain', at, { facts, results })}\n`)
  process.stdout.write(`drawn in ${writePage('chain', at, chainPage(at, facts, results))}\n`)
  if (signal.aborted) process.exitCode = 130
}

function starters(
  fixture: Fixture,
  services: Parameters<typeof directContender>[0],
  { lbs }: ChainOptions,
  { haproxy, nginx, nginxStream }: Tools,
): (() => Promise<Contender>)[] {
  return [
    () => fivetupleContender(fixture, services, lbs),
    ...(haproxy ? [() => haproxyContender(fixture, services, haproxy.command)] : []),
    ...(nginx && nginxStream ? [() => nginxContender(fixture, services, nginx.command, nginxStream.module)] : []),
  ]
}

function whatIsMissing({ wrk, haproxy, nginx, nginxStream }: Tools): string[] {
  return [
    ...(wrk ? [] : ['wrk is not installed: its cases are skipped']),
    ...(haproxy ? [] : ['HAProxy is not installed: skipped']),
    ...(nginx ? [] : ['nginx is not installed: skipped; the backend of this repository serves small requests']),
    ...(nginx && !nginxStream ? ['nginx has no stream module (Debian: libnginx-mod-stream): skipped'] : []),
  ]
}

function versionsOf({ wrk, haproxy, nginx }: Tools): string[] {
  return [haproxy, nginx, wrk].flatMap((tool) => (tool === undefined ? [] : [tool.version]))
}
