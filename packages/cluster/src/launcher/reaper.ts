import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { OWNER_FILE } from './run-directory.js'

/**
 * Reads a line with all pids whenever they change; when its input ends, so has the launcher, and what is left is killed.
 * The run directory goes too, unless another cluster has made it its own meanwhile.
 */
const SCRIPT = `
pids=
while read -r line; do pids=$line; done
[ -z "$pids" ] || kill -KILL $pids 2>/dev/null
[ "$(cat "$1/${OWNER_FILE}" 2>/dev/null)" = "$2" ] && rm -rf "$1"
`

/**
 * Cleans up after a launcher that was killed outright. Roles notice by themselves that their launcher is gone, but not
 * while they are stopped (SIGSTOP) or hang, and nobody would remove the files that hold the cluster's key.
 *
 * It is a shell in a process group of its own that waits for its standard input to end, and lives a moment longer than
 * the launcher.
 */
export class Reaper {
  readonly #shell: ChildProcess

  /** @param directory the cluster's run directory */
  constructor(directory: string) {
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT, 'fivetuple-reaper', directory, String(process.pid)], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true, // Ctrl-C goes to the launcher's group and must not end this first
    })
    this.#shell.on('error', () => {}) // no shell here: then roles are on their own, as without this
    this.#shell.stdin?.on('error', () => {})
    this.#shell.unref()
    const input = this.#shell.stdin as Socket | null
    input?.unref()
  }

  /** Tells which processes must not outlive the launcher; a negative number stands for a process group. */
  watch(pids: readonly number[]): void {
    this.#shell.stdin?.write(`${pids.join(' ')}\n`)
  }

  /** All roles have ended in order: nothing is left to do. */
  release(): void {
    this.#shell.stdin?.end('\n')
  }
}
