import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a command needs to find and talk to a running cluster. */
export interface ClusterRecord {
  readonly name: string
  /** CIDR */
  readonly block: string
  /** Process id of the launcher. */
  readonly pid: number
  /** When that process started, see {@link startOf}: a process that has its pid later is another one. */
  readonly pidStart?: string | undefined
  /** Base URL of the control API. */
  readonly api: string
  /** Bearer token of the control API. */
  readonly token: string
  /** ISO 8601 */
  readonly startedAt: string
}

const RECORD_FILE = 'cluster.json'
/** The pid of the launcher whose directory it is, from its first moment on; the record comes when the cluster is ready. */
export const OWNER_FILE = 'launcher.pid'

/**
 * The user's directory for running clusters: one subdirectory each. Readable by the user alone, as it holds the API token
 * and the cluster key.
 * @throws Error when the directory belongs to somebody else or is open to others
 */
export function runRoot(): string {
  const base = process.env.XDG_RUNTIME_DIR
  // Not os.userInfo(), which throws for a uid that has no entry in the user database, as in a container.
  const root = base ? join(base, 'fivetuple') : join(tmpdir(), `fivetuple-${process.getuid?.() ?? 'user'}`)
  mkdirSync(root, { recursive: true, mode: 0o700 })
  const stat = lstatSync(root)
  if (!stat.isDirectory() || (process.getuid !== undefined && stat.uid !== process.getuid()))
    throw new Error(`${root} belongs to somebody else: remove it, or set XDG_RUNTIME_DIR to a directory of your own`)
  if ((stat.mode & 0o077) !== 0) chmodSync(root, 0o700)
  return root
}

/** One running cluster's files. What has been written is kept, so that it can be written again when it has been removed. */
export class RunDirectory {
  readonly path: string
  /** File's name → its content. */
  readonly #files = new Map<string, string>()
  #isRemoved = false

  /** @throws Error when a cluster of this user runs in `block` */
  constructor(block: string) {
    this.path = join(runRoot(), block.replaceAll('/', '-'))
    const before = readRecord(this.path)
    if (before !== undefined && isRunning(before))
      throw new Error(
        `a cluster is already running in ${block} (launcher pid ${before.pid}): stop it, or take another block (--block auto)`,
      )
  }

  /** Makes the directory, for who has the block; what a dead cluster left there is removed. */
  create(): void {
    rmSync(this.path, { recursive: true, force: true })
    mkdirSync(this.path, { mode: 0o700 })
    this.#write(OWNER_FILE, String(process.pid))
  }

  /** Writes a role's configuration, for the role alone to read; returns the file's path. */
  writeRoleConfig(name: string, config: unknown): string {
    return this.#write(`${name}.json`, JSON.stringify(config, undefined, 2))
  }

  /** Publishes the cluster to other commands. */
  writeRecord(record: Omit<ClusterRecord, 'pidStart'>): void {
    const whole: ClusterRecord = { ...record, pidStart: startOf(record.pid) }
    this.#write(RECORD_FILE, JSON.stringify(whole, undefined, 2))
  }

  /**
   * Writes again what somebody has removed, such as a cleaner of temporary files or the end of a login session. Leaves alone
   * what has become another cluster's.
   *
   * @returns true if something was missing
   * @throws Error when it can't be written
   */
  restore(): boolean {
    if (!this.#isOurs()) return false
    const missing = [...this.#files].filter(([name]) => !existsSync(join(this.path, name)))
    if (missing.length === 0) return false
    runRoot()
    mkdirSync(this.path, { recursive: true, mode: 0o700 })
    for (const [name, content] of missing) this.#replace(name, content)
    return true
  }

  /** Removes it, unless it has become another cluster's, or has always been. */
  remove(): void {
    this.#isRemoved = true
    if (readText(join(this.path, OWNER_FILE)) === String(process.pid))
      rmSync(this.path, { recursive: true, force: true })
  }

  #write(name: string, content: string): string {
    this.#files.set(name, content)
    if (this.#isOurs()) {
      // Without the directory all else is missing, too.
      if (existsSync(this.path)) this.#replace(name, content)
      else this.restore()
    }
    return join(this.path, name)
  }

  /** In one step, so that nobody reads half of it. */
  #replace(name: string, content: string): void {
    const path = join(this.path, name)
    writeFileSync(`${path}.new`, content, { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }

  #isOurs(): boolean {
    if (this.#isRemoved) return false
    const owner = readText(join(this.path, OWNER_FILE))
    return owner === undefined || owner === String(process.pid)
  }
}

/** Clusters of this user whose launchers live, oldest first. */
export function runningClusters(): ClusterRecord[] {
  const root = runRoot()
  return readdirSync(root)
    .map((entry) => readRecord(join(root, entry)))
    .filter((record): record is ClusterRecord => record !== undefined && isRunning(record))
    .sort((a, b) => a.startedAt.localeCompare(b.startedAt))
}

function readRecord(directory: string): ClusterRecord | undefined {
  const text = readText(join(directory, RECORD_FILE))
  if (text === undefined) return undefined // no cluster got as far as writing it
  try {
    return JSON.parse(text) as ClusterRecord
  } catch {
    return undefined
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** Whether the launcher of a record lives, and not somebody else who has been given its pid. */
function isRunning({ pid, pidStart }: ClusterRecord): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return pidStart === undefined || startOf(pid) === pidStart
}

/** When a process started, in clock ticks since the system did (proc(5), field 22 of stat); undefined where there is no /proc. */
function startOf(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}
