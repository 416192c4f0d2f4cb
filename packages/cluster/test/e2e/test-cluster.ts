import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import {
  type ClusterClient,
  type ClusterEvent,
  type ClusterOperations,
  type ClusterRecord,
  clusterClient,
  type ReadyReport,
  type ReadyVip,
} from '@fivetuple/cluster'
import type { Test } from 'tap'

const BIN = fileURLToPath(new URL('bin.js', import.meta.resolve('@fivetuple/cluster')))
/** Longest wait for a condition; one that is not met by then never will be. */
const TIMEOUT_MS = 30_000

/** A cluster as its user starts it: the command, in a block and a run directory of its own. */
export class TestCluster {
  readonly launcher: ChildProcess
  readonly events: ClusterEvent[] = []
  readonly ready: ReadyReport
  readonly client: ClusterClient
  readonly api: ClusterOperations
  readonly record: ClusterRecord
  readonly #runtimeDirectory: string

  private constructor(
    launcher: ChildProcess,
    ready: ReadyReport,
    events: ClusterEvent[],
    record: ClusterRecord,
    directory: string,
  ) {
    this.launcher = launcher
    this.ready = ready
    this.events = events
    this.record = record
    this.client = clusterClient(record)
    this.api = this.client.operations
    this.#runtimeDirectory = directory
  }

  /**
   * Starts a cluster and waits until it is ready; it is stopped when the test ends. Unless the configuration speaks of
   * health, backends are not checked, so that tests can count every flow.
   */
  static async start(t: Test, block: string, args: readonly string[] = [], yaml?: string): Promise<TestCluster> {
    const directory = mkdtempSync(join(tmpdir(), 'fivetuple-test-'))
    const file: string[] = []
    if (yaml !== undefined) {
      writeFileSync(join(directory, 'cluster.yaml'), yaml)
      file.push('-f', join(directory, 'cluster.yaml'))
    }
    if (!yaml?.includes('health')) file.push('--no-checks')
    const launcher = spawn(process.execPath, [BIN, 'up', '--json', '--stdin', '--block', block, ...file, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'], // when the test dies, its end of standard input closes and the cluster stops
      env: { ...process.env, XDG_RUNTIME_DIR: directory, FIVETUPLE_CHECK_MESSAGES: '1' },
    })
    let complaints = ''
    launcher.stderr.on('data', (chunk: Buffer) => {
      complaints += chunk.toString()
    })
    const events: ClusterEvent[] = []
    const ready = await new Promise<ReadyReport>((resolve, reject) => {
      createInterface({ input: launcher.stdout }).on('line', (line) => {
        const event = JSON.parse(line) as ClusterEvent
        events.push(event)
        if (event.kind === 'ready') resolve(event)
      })
      launcher.once('exit', (code) => {
        rmSync(directory, { recursive: true, force: true })
        reject(new Error(`the launcher ended with ${code}: ${complaints}`))
      })
    })
    const recordFile = join(directory, 'fivetuple', ready.block.replaceAll('/', '-'), 'cluster.json')
    const record = JSON.parse(readFileSync(recordFile, 'utf8')) as ClusterRecord
    const cluster = new TestCluster(launcher, ready, events, record, directory)
    t.teardown(async () => {
      // A launcher that ends by itself would otherwise look like a cluster that does not respond.
      if (launcher.exitCode) t.fail(`the launcher has ended with ${launcher.exitCode}: ${complaints}`)
      await cluster.stop()
      rmSync(directory, { recursive: true, force: true })
      if (complaints !== '') t.comment(complaints)
    })
    return cluster
  }

  /** Folder of its user's running clusters: the environment's XDG_RUNTIME_DIR. */
  get runtimeDirectory(): string {
    return this.#runtimeDirectory
  }

  /** Folder of its files. */
  get directory(): string {
    return join(this.#runtimeDirectory, 'fivetuple', this.ready.block.replaceAll('/', '-'))
  }

  /** Pids of all role processes. */
  get pids(): number[] {
    const { lbs, backends, switches } = this.ready
    return [...lbs, ...backends, ...switches].map(({ pid }) => pid)
  }

  vip(name: string): ReadyVip {
    const vip = this.ready.vips.find((candidate) => candidate.name === name)
    if (vip === undefined) throw new Error(`no VIP ${name}`)
    return vip
  }

  url(name: string, path = '/'): string {
    return `http://${this.vip(name).listen}${path}`
  }

  /** Name of the LB that has a SNAT address. */
  lbOf(bip: string): string | undefined {
    return this.ready.lbs.find((lb) => lb.bip === bip)?.name
  }

  /** Runs another command of the CLI against this cluster. */
  cli(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    return new Promise((resolve) => {
      const env = { ...process.env, XDG_RUNTIME_DIR: this.#runtimeDirectory }
      execFile(process.execPath, [BIN, ...args], { env }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
      )
    })
  }

  /** Waits until no flow and no session is left anywhere. */
  async untilEmpty(timeoutMs = TIMEOUT_MS): Promise<void> {
    await until(
      async () => {
        const { switches, lbs } = await this.api.status()
        return (
          Object.values(switches).every(({ flows }) => flows === 0) &&
          Object.values(lbs).every(({ sessions }) => sessions === 0)
        )
      },
      'all tables are empty',
      timeoutMs,
    )
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const { launcher } = this
    if (launcher.exitCode !== null || launcher.signalCode !== null) return
    const exited = new Promise((resolve) => launcher.once('exit', resolve))
    launcher.kill(signal)
    await exited
  }
}

/** Waits until a condition holds; rejects when it still does not after half a minute. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = TIMEOUT_MS,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`timeout: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** True if a process exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
