import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

/** What a command needs to find and talk to a running cluster. */
export interface ClusterRecord {
  readonly name: string
  /** CIDR */
  readonly block: string
  /** Process id of the launcher. */
  readonly pid: number
  /** Base URL of the control API. */
  readonly api: string
  /** Bearer token of the control API. */
  readonly token: string
  /** ISO 8601 */
  readonly startedAt: string
}

const RECORD_FILE = 'cluster.json'

/**
 * The user's directory for running clusters: one subdirectory each. Readable by the user alone, as it holds the API token
 * and the cluster key.
 * @throws Error when the directory belongs to somebody else or is open to others
 */
export function runRoot(): string {
  const base = process.env.XDG_RUNTIME_DIR
  const root = base ? join(base, 'fivetuple') : join(tmpdir(), `fivetuple-${userInfo().uid}`)
  mkdirSync(root, { recursive: true, mode: 0o700 })
  const stat = lstatSync(root)
  if (!stat.isDirectory() || (process.getuid !== undefined && stat.uid !== process.getuid()))
    throw new Error(`${root} belongs to somebody else: remove it, or set XDG_RUNTIME_DIR to a directory of your own`)
  if ((stat.mode & 0o077) !== 0) chmodSync(root, 0o700)
  return root
}

/** One running cluster's files. */
export class RunDirectory {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** Makes the directory of the cluster in `block`; what a dead cluster left there is removed. */
  static create(block: string): RunDirectory {
    const path = join(runRoot(), block.replaceAll('/', '-'))
    const before = readRecord(path)
    if (before !== undefined && isAlive(before.pid))
      throw new Error(
        `a cluster is already running in ${block} (launcher pid ${before.pid}): stop it, or take another block (--block auto)`,
      )
    rmSync(path, { recursive: true, force: true })
    mkdirSync(path, { mode: 0o700 })
    return new RunDirectory(path)
  }

  /** Writes a role's configuration, for the role alone to read; returns the file's path. */
  writeRoleConfig(name: string, config: unknown): string {
    const path = join(this.path, `${name}.json`)
    writeFileSync(path, JSON.stringify(config, undefined, 2), { mode: 0o600 })
    return path
  }

  /** Publishes the cluster to other commands. */
  writeRecord(record: ClusterRecord): void {
    const path = join(this.path, RECORD_FILE)
    writeFileSync(`${path}.new`, JSON.stringify(record, undefined, 2), { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** Clusters of this user whose launchers live, oldest first. */
export function runningClusters(): ClusterRecord[] {
  const root = runRoot()
  return readdirSync(root)
    .map((entry) => readRecord(join(root, entry)))
    .filter((record): record is ClusterRecord => record !== undefined && isAlive(record.pid))
    .sort((a, b) => a.startedAt.localeCompare(b.startedAt))
}

function readRecord(directory: string): ClusterRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, RECORD_FILE), 'utf8')) as ClusterRecord
  } catch {
    return undefined // no cluster got as far as writing it
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
