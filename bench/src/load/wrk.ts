import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { usageOf } from '../process-usage.js'
import type { Load, LoadOptions, LoadSample, RequestKind } from './load.js'
import { elapse } from './window.js'
import { parseWrkReport, wrkScript } from './wrk-report.js'

/** Longest run of wrk, which is stopped long before. */
const DURATION_MAX = '600s'
/** Timeout after which a response counts as an error. */
const TIMEOUT = '10s'

/**
 * Load by wrk, one thread. It can't skip a warm-up, so the warm-up is a separate run: the measured
 * run begins with opening its connections.
 *
 * @param command wrk, or its path
 */
export function wrkLoad(command: string, request: RequestKind): Load {
  return async (options) => {
    const directory = mkdtempSync(join(tmpdir(), 'fivetuple-bench-wrk-'))
    const script = join(directory, 'request.lua')
    writeFileSync(script, wrkScript(request))
    try {
      if (options.warmUpMs > 0) await run(command, script, options, options.warmUpMs)
      options.onWindow('begin')
      const sample = await run(command, script, options, options.measureMs)
      options.onWindow('end')
      // wrk counts what it receives.
      return request.bodyBytes > 0 ? { ...sample, bytes: sample.requests * request.bodyBytes } : sample
    } finally {
      rmSync(directory, { recursive: true })
    }
  }
}

async function run(
  command: string,
  script: string,
  { host, port, path, connections, signal }: LoadOptions,
  ms: number,
): Promise<LoadSample> {
  const args = ['-t', '1', '-c', String(connections), '-d', DURATION_MAX, '--timeout', TIMEOUT, '-s', script]
  const child = spawn(command, [...args, `http://${host}:${port}${path}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const killed = (): boolean => child.kill('SIGKILL')
  process.once('exit', killed)
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  const closed = once(child, 'close')
  await Promise.race([elapse(ms, signal), closed])
  // The usage of an ended process can't be read, so this misses its last tenth of a second.
  const cpuSeconds = child.pid === undefined ? undefined : usageOf([child.pid])?.cpuSeconds
  child.kill('SIGINT') // it ends as at the end of its time
  await closed
  process.off('exit', killed)
  const sample = parseWrkReport(output)
  if (sample === undefined) throw new Error(`${command} did not report: ${output.trim()}`)
  return { ...sample, cpuSeconds }
}
