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

/** Record by which commands find and control a running cluster. */
export interface ClusterRecord {
  readonly name: string
  /** CIDR */
  readonly block: string
  /** Process id of the launcher. */
  readonly pid: number
  /**
   * Start time of that process, see {@link startOf}: a later process with its pid is another one.
   */
  readonly pidStart?: string | undefined
  /** Base URL of the control API. */
  readonly api: string
  /** Bearer token of the control API. */
  readonly token: string
  /** ISO 8601 */
  readonly startedAt: string
}

const RECORD_FILE = 'cluster.json'
/**
 * File with the pid of the launcher that owns the directory. It is there from the first moment; the
 * record follows when the cluster is ready.
 */
export const OWNER_FILE = 'launcher.pid'

/**
 * Returns the user's directory for running clusters, with one subdirectory each. Only the user can
 * read it, since it has the API token and the cluster key.
 * @throws Error if the directory belongs to another user or is open to others
 */
export function runRoot(): string {
  const base = process.env.XDG_RUNTIME_DIR
  // Not os.userInfo(): it throws for a uid without an entry in the user database, as in a
  // container.
  const root = base ? join(base, 'fivetuple') : join(tmpdir(), `fivetuple-${process.getuid?.() ?? 'user'}`)
  mkdirSync(root, { recursive: true, mode: 0o700 })
  const stat = lstatSync(root)
  if (!stat.isDirectory() || (process.getuid !== undefined && stat.uid !== process.getuid()))
    throw new Error(`${root} belongs to somebody else: remove it, or set XDG_RUNTIME_DIR to a directory of your own`)
  if ((stat.mode & 0o077) !== 0) chmodSync(root, 0o700)
  return root
}

/**
 * Files of one running cluster. Their contents are retained, so that removed files can be written
 * again.
 */
export class RunDirectory {
  readonly path: string
  /** File name → content. */
  readonly #files = new Map<string, string>()
  #isRemoved = false

  /** @throws Error if a cluster of this user runs in `block` */
  constructor(block: string) {
    this.path = join(runRoot(), block.replaceAll('/', '-'))
    const before = readRecord(this.path)
    if (before !== undefined && isRunning(before))
      throw new Error(
        `a cluster is already running in ${block} (launcher pid ${before.pid}): stop it, or take another block (--block auto)`,
      )
  }

  /**
   * Makes the directory for the cluster that has the block; removes the files of a dead cluster.
   */
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
   * Writes removed files again. A cleaner of temporary files or the end of a login session may
   * remove them. Does not touch files of another cluster.
   *
   * @returns true if something was missing
   * @throws Error if the files can't be written
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

  /** Removes the directory, unless it belongs to another cluster. */
  remove(): void {
    this.#isRemoved = true
    if (readText(join(this.path, OWNER_FILE)) === String(process.pid))
      rmSync(this.path, { recursive: true, force: true })
  }

  #write(name: string, content: string): string {
    this.#files.set(name, content)
    if (this.#isOurs()) {
      // Without the directory all other files are missing, too.
      if (existsSync(this.path)) this.#replace(name, content)
      else this.restore()
    }
    return join(this.path, name)
  }

  /** Writes a file in one step, so that nobody reads half of it. */
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

/** Returns the clusters of this user whose launchers live, oldest first. */
export function runningClusters(): ClusterRecord[] {
  const root = runRoot()
  return readdirSync(root)
    .map((entry) => readRecord(join(root, entry)))
    .filter((record): record is ClusterRecord => record !== undefined && isRunning(record))
    .sort((a, b) => a.startedAt.localeCompare(b.startedAt))
}

function readRecord(directory: string): ClusterRecord | undefined {
  const text = readText(join(directory, RECORD_FILE))
  if (text === undefined) return undefined // the cluster has ended before it wrote the file
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

/** True if the launcher of a record lives, and its pid is not that of another process. */
function isRunning({ pid, pidStart }: ClusterRecord): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return pidStart === undefined || startOf(pid) === pidStart
}

/**
 * Returns the start of a process in clock ticks since the start of the system (proc(5), field 22 of
 * stat); undefined if there is no /proc.
 */
function startOf(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}
