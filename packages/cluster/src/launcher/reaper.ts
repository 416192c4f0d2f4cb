import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { OWNER_FILE } from './run-directory.js'

/**
 * Shell script that reads a line with all pids whenever they change. When its input ends, the
 * launcher has ended, and the script kills the remaining processes. It also removes the run
 * directory, unless another cluster uses it meanwhile.
 */
const SCRIPT = `
pids=
while read -r line; do pids=$line; done
[ -z "$pids" ] || kill -KILL $pids 2>/dev/null
[ "$(cat "$1/${OWNER_FILE}" 2>/dev/null)" = "$2" ] && rm -rf "$1"
`

/**
 * Cleans up after a launcher that was killed. Roles detect that their launcher is gone, but not
 * while they are paused (SIGSTOP) or unresponsive, and no role removes the files with the key of
 * the cluster.
 *
 * It is a shell in its own process group. It waits for its standard input to end, so it lives
 * slightly longer than the launcher.
 */
export class Reaper {
  readonly #shell: ChildProcess

  /** @param directory the cluster's run directory */
  constructor(directory: string) {
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT, 'fivetuple-reaper', directory, String(process.pid)], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true, // Ctrl-C goes to the launcher's group and must not end this first
    })
    this.#shell.on('error', () => {}) // no shell on this machine: roles then end by themselves
    this.#shell.stdin?.on('error', () => {})
    this.#shell.unref()
    const input = this.#shell.stdin as Socket | null
    input?.unref()
  }

  /**
   * Sends the pids that must not outlive the launcher; a negative number stands for a process
   * group.
   */
  watch(pids: readonly number[]): void {
    this.#shell.stdin?.write(`${pids.join(' ')}\n`)
  }

  /** Ends the shell when all roles have ended in order. */
  release(): void {
    this.#shell.stdin?.end('\n')
  }
}
