// BIRD 2 with one multihop BFD session, run until it is stopped.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const POLL_MS = 50
const POLL_MAX_MS = 20_000

/** Path of a program; undefined if it is not installed. */
export function findProgram(name: string): string | undefined {
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

export class Bird {
  readonly #folder = mkdtempSync(join(tmpdir(), 'fivetuple-bfd-'))
  readonly #cli: string
  readonly #process: ChildProcess

  /** @param options lines of the `multihop` block */
  constructor(bird: string, cli: string, local: string, peer: string, options: string) {
    this.#cli = cli
    const config = join(this.#folder, 'bird.conf')
    writeFileSync(
      config,
      `router id 10.0.0.2;
      protocol device {}
      protocol bfd fivetuple {
        strict bind yes;
        multihop { ${options} };
        neighbor ${peer} local ${local} multihop yes;
      }`,
    )
    const files = ['-c', config, '-s', join(this.#folder, 'bird.ctl'), '-P', join(this.#folder, 'bird.pid')]
    this.#process = spawn(bird, ['-f', ...files], { stdio: 'ignore' })
    // Not even a test that crashes leaves a daemon behind.
    process.once('exit', () => this.#process.kill('SIGKILL'))
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** Runs a command until its output matches; rejects with the last output. */
  async until(pattern: RegExp, ...command: readonly string[]): Promise<string> {
    let output = ''
    for (const end = Date.now() + POLL_MAX_MS; Date.now() < end; await delay(POLL_MS)) {
      try {
        output = (await run(this.#cli, ['-s', join(this.#folder, 'bird.ctl'), ...command])).stdout
        if (pattern.test(output)) return output
      } catch (error) {
        output = String(error) // it may not be up yet
      }
    }
    throw new Error(`birdc ${command.join(' ')}: ${output}`)
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exited = once(this.#process, 'exit')
      this.#process.kill('SIGKILL')
      await exited
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
