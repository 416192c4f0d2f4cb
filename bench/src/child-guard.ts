import { type ChildProcess, spawn } from 'node:child_process'

/**
 * Kills what its standard input has named, once that ends: it learns of our end even when we are
 * killed.
 */
const SCRIPT = 'pids=; while read -r pid; do pids="$pids $pid"; done; [ -z "$pids" ] || kill -9 $pids 2>/dev/null'

/** Sees to it that programs which can't notice our end do not outlive us. */
export class ChildGuard {
  readonly #shell: ChildProcess

  constructor() {
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
    this.#shell.on('error', () => {}) // no shell: then nobody guards
    this.#shell.stdin?.on('error', () => {})
    this.#shell.unref()
  }

  watch(pid: number): void {
    this.#shell.stdin?.write(`${pid}\n`)
  }

  /** To be called when all that is watched has ended: process ids are used again. */
  release(): void {
    this.#shell.kill('SIGKILL')
  }
}
