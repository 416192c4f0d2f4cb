import { type ChildProcess, spawn } from 'node:child_process'

/**
 * Shell script that kills the processes named on its standard input once that input ends. It
 * notices our end even if we are killed.
 */
const SCRIPT = 'pids=; while read -r pid; do pids="$pids $pid"; done; [ -z "$pids" ] || kill -9 $pids 2>/dev/null'

/** Ensures that programs which can't notice our end do not outlive us. */
export class ChildGuard {
  readonly #shell: ChildProcess

  constructor() {
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
    this.#shell.on('error', () => {}) // without a shell there is no guard
    this.#shell.stdin?.on('error', () => {})
    this.#shell.unref()
  }

  watch(pid: number): void {
    this.#shell.stdin?.write(`${pid}\n`)
  }

  /** To be called when all watched processes have ended, since process ids are reused. */
  release(): void {
    this.#shell.kill('SIGKILL')
  }
}
