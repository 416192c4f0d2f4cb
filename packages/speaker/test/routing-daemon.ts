import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const POLL_MS = 50
const POLL_MAX_MS = 20_000

/** Where a program is; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  if (name.includes('/')) return existsSync(name) ? name : undefined
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/** A routing daemon of somebody else's, run with a configuration of ours until it is stopped. */
export class RoutingDaemon {
  /** A folder of its own, for its configuration and sockets. */
  readonly folder = mkdtempSync(join(tmpdir(), 'fivetuple-interop-'))
  #process: ChildProcess | undefined
  #stopping = false

  /** Writes a file into the folder; returns its path. */
  write(name: string, content: string): string {
    const path = join(this.folder, name)
    writeFileSync(path, content)
    return path
  }

  start(program: string, ...args: readonly string[]): void {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process = child
    const said: string[] = []
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => said.push(String(text)))
    child.once('exit', (code) => {
      if (!this.#stopping) throw new Error(`${program} ended with ${code}: ${said.join('')}`)
    })
    // Not even a test that crashes leaves a daemon behind.
    process.once('exit', () => child.kill('SIGKILL'))
  }

  get pid(): number {
    return this.#process?.pid ?? 0
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    const child = this.#process
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    }
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Runs a daemon's command line until its output satisfies `isGood`; rejects with the last output when it never does. */
export async function ask(
  isGood: (output: string) => boolean,
  program: string,
  ...args: readonly string[]
): Promise<string> {
  let output = ''
  for (const end = Date.now() + POLL_MAX_MS; Date.now() < end; await delay(POLL_MS)) {
    try {
      output = (await run(program, args)).stdout
      if (isGood(output)) return output
    } catch (error) {
      output = String(error) // it may not be up yet
    }
  }
  throw new Error(`${program} ${args.join(' ')}: ${output}`)
}
