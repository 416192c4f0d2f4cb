import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import {
  type ClusterEvent,
  type ClusterOperations,
  type ClusterRecord,
  clusterClient,
  type ReadyReport,
} from '@fivetuple/cluster'

const BIN = fileURLToPath(new URL('bin.js', import.meta.resolve('@fivetuple/cluster')))
/** Longest ordered stop, which usually takes a second or two. */
const STOP_MAX_MS = 5_000

/** Cluster as its users start it, with a run directory of its own. */
export class ClusterProcess {
  readonly ready: ReadyReport
  readonly api: ClusterOperations
  readonly #launcher: ChildProcess
  readonly #directory: string

  private constructor(launcher: ChildProcess, ready: ReadyReport, directory: string) {
    this.#launcher = launcher
    this.ready = ready
    this.#directory = directory
    const recordFile = join(directory, 'fivetuple', ready.block.replaceAll('/', '-'), 'cluster.json')
    this.api = clusterClient(JSON.parse(readFileSync(recordFile, 'utf8')) as ClusterRecord).operations
  }

  /**
   * Starts a cluster in a free block. It stops when our end of its standard input closes for any
   * reason. It is in a process group of its own, so that Ctrl-C reaches it only through us.
   *
   * @param yaml configuration of the differences from a default cluster
   * @param bin the command's program; default: this checkout's
   */
  static start(lbs: number, backends: number, yaml?: string, bin = BIN): Promise<ClusterProcess> {
    return ClusterProcess.#up(['--block', 'auto', '--lbs', String(lbs), '--backends', String(backends)], yaml, bin)
  }

  /** Starts a cluster from a complete configuration. It ends like one from `start`. */
  static startFrom(yaml: string): Promise<ClusterProcess> {
    return ClusterProcess.#up([], yaml)
  }

  static async #up(options: readonly string[], yaml: string | undefined, bin = BIN): Promise<ClusterProcess> {
    const directory = mkdtempSync(join(tmpdir(), 'fivetuple-bench-'))
    const args = ['up', '--json', '--stdin', ...options]
    if (yaml !== undefined) {
      const file = join(directory, 'cluster.yaml')
      writeFileSync(file, yaml)
      args.push('-f', file)
    }
    const launcher = spawn(process.execPath, [bin, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, XDG_RUNTIME_DIR: directory },
      detached: true,
    })
    try {
      const ready = await new Promise<ReadyReport>((resolve, reject) => {
        createInterface({ input: launcher.stdout }).on('line', (line) => {
          const event = JSON.parse(line) as ClusterEvent & { readonly event?: string }
          // Comparisons also start builds from before the log of events, which call it `event`.
          if (event.kind === 'ready' || event.event === 'ready') resolve(event as ReadyReport)
        })
        launcher.once('error', reject).once('exit', (code) => reject(new Error(`the cluster ended with ${code}`)))
      })
      return new ClusterProcess(launcher, ready, directory)
    } catch (error) {
      rmSync(directory, { recursive: true, force: true })
      throw error
    }
  }

  /** Addresses that clients may come from, CIDR. */
  get clientPool(): string {
    const [a, b] = this.ready.block.split('.')
    return `${a}.${b}.100.0/22`
  }

  /** Process ids per kind of role. */
  pids(): Record<string, number[]> {
    const { switches, lbs, backends } = this.ready
    const pid = ({ pid }: { readonly pid: number }): number => pid
    return {
      uplink: switches.filter(({ role }) => role === 'uplink').map(pid),
      lbs: lbs.map(pid),
      downlink: switches.filter(({ role }) => role === 'downlink').map(pid),
      backends: backends.map(pid),
      launcher: [this.#launcher.pid ?? 0],
    }
  }

  async stop(): Promise<void> {
    const launcher = this.#launcher
    if (launcher.exitCode === null && launcher.signalCode === null) {
      const exited = once(launcher, 'exit')
      launcher.stdin?.end()
      const timer = setTimeout(() => launcher.kill('SIGTERM'), STOP_MAX_MS)
      await exited
      clearTimeout(timer)
    }
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
