import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChildGuard } from './child-guard.js'
import { childrenOf } from './process-usage.js'

const START_MAX_MS = 5_000
const POLL_MS = 20
const STOP_MAX_MS = 2_000
const MESSAGE_MAX_LENGTH = 4_000

export interface ProgramOptions {
  readonly command: string
  readonly args: readonly string[]
  /** Addresses, address:port. It has started when it accepts connections at all of them. */
  readonly listens: readonly string[]
  readonly guard: ChildGuard
}

/** Foreign server, run for the time of a bench. */
export class Program {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** Starts a program. Rejects with its standard error if it ends before it listens. */
  static async start({ command, args, listens, guard }: ProgramOptions): Promise<Program> {
    // A process group of its own, so that Ctrl-C does not reach it directly.
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
    let output = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < MESSAGE_MAX_LENGTH) output += text
    })
    let failure: string | undefined
    child.once('error', (error) => {
      failure = error.message
    })
    child.once('exit', (code, signal) => {
      failure ??= `ended with ${code ?? signal}`
    })
    if (child.pid !== undefined) guard.watch(child.pid)
    const program = new Program(child)
    const deadline = performance.now() + START_MAX_MS
    for (const listen of listens)
      while (!(await accepts(listen))) {
        if (failure === undefined && performance.now() > deadline) failure = `does not listen on ${listen}`
        if (failure === undefined) await sleep(POLL_MS)
        else {
          await program.stop()
          throw new Error(`${command} ${failure}: ${output.trim()}`)
        }
      }
    return program
  }

  /** Returns its process, or the children that do the work if there are some. */
  pids(): number[] {
    const { pid } = this.#child
    if (pid === undefined) return []
    const children = childrenOf(pid)
    return children.length > 0 ? children : [pid]
  }

  async stop(): Promise<void> {
    const child = this.#child
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MAX_MS)
    await exited
    clearTimeout(timer)
  }
}

/** Returns the output of a program's version option; undefined if it can't be started. */
export function versionOf(command: string, flag: string): string | undefined {
  const { error, stdout, stderr } = spawnSync(command, [flag], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  return error === undefined ? `${stdout}${stderr}` : undefined
}

function accepts(listen: string): Promise<boolean> {
  const [host, port] = listen.split(':')
  return new Promise((resolve) => {
    const socket = connect({ host: host!, port: Number(port) })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
