import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'

/** Environment of a run. */
export interface Environment {
  readonly date: string
  readonly commit: string
  /** True if files differ from the commit. */
  readonly isDirty: boolean
  readonly node: string
  readonly v8: string
  readonly platform: string
  readonly cpus: number
  readonly cpuModel: string
  readonly memoryBytes: number
  /** Load average of the last 1, 5 and 15 minutes at the start of the bench. */
  readonly loadAverage: readonly number[]
}

export function environment(): Environment {
  return {
    date: new Date().toISOString(),
    commit: git('rev-parse', 'HEAD') ?? 'unknown',
    isDirty: (git('status', '--porcelain', '--untracked-files=no') ?? '') !== '',
    node: process.version,
    v8: process.versions.v8,
    platform: `${process.platform} ${release()} ${process.arch}`,
    cpus: cpus().length,
    cpuModel: cpus()[0]?.model ?? 'unknown',
    memoryBytes: totalmem(),
    loadAverage: loadavg(),
  }
}

/** Writes `reports/<name>-<date>.json` under the current directory. Returns its path. */
export function writeReport(name: string, at: Environment, content: object): string {
  return write(name, at, 'json', `${JSON.stringify({ name, environment: at, ...content }, null, 2)}\n`)
}

/** Writes a drawn report beside it. Returns its path. */
export function writePage(name: string, at: Environment, html: string): string {
  return write(name, at, 'html', html)
}

function write(name: string, at: Environment, kind: string, text: string): string {
  mkdirSync('reports', { recursive: true })
  const path = join('reports', `${name}-${at.date.replaceAll(/[:.]/g, '-')}.${kind}`)
  writeFileSync(path, text)
  return path
}

function git(...args: string[]): string | undefined {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined // no git, or a copy without history
  }
}
