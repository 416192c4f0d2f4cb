import { execFile, execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { WITH_TUNS } from './kernel-programs.js'
import type { RelayResult, RelayTask } from './kernel-relay.js'

const RELAY = fileURLToPath(new URL('kernel-relay.js', import.meta.url))
const NEEDED = ['unshare', 'nsenter', 'ip', 'python3']

/** Returns why the kernel's TCP can't be measured here, with the remedy; undefined if it can. */
export function kernelObstacle(): string | undefined {
  for (const command of NEEDED)
    try {
      execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' })
    } catch {
      return `${command} is not installed: install it (util-linux, iproute2, python3)`
    }
  try {
    execFileSync('unshare', ['-Urn', 'python3', '-c', WITH_TUNS, 'true'], { stdio: ['ignore', 'ignore', 'pipe'] })
    return undefined
  } catch {
    return 'TUN devices in a user namespace are refused: load the module tun, and allow unprivileged user namespaces'
  }
}

/**
 * Runs one transfer between two network namespaces in real time.
 */
export async function kernelTransfer(task: RelayTask): Promise<RelayResult> {
  const args = ['-Urn', 'python3', '-c', WITH_TUNS, process.execPath, RELAY, JSON.stringify(task)]
  const { stdout } = await promisify(execFile)('unshare', args)
  return JSON.parse(stdout) as RelayResult
}
