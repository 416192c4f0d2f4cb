import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiClient } from '../api/client.js'
import { CliError } from './cli-error.js'
import { targetCluster } from './target.js'

/** Sessions are counted this often. */
const STEP_MS = 250

interface DrainOptions {
  readonly block?: string
  readonly json?: boolean
}

/** `fivetuple lb drain` and `fivetuple backend drain`: shows what is left until nothing is, or the deadline has come. */
export async function drain(
  kind: 'lb' | 'backend',
  name: string,
  { block, json, deadline, wait }: DrainOptions & { readonly deadline: number; readonly wait: boolean },
): Promise<void> {
  const api = targetCluster(block)
  const startedAt = performance.now()
  let { sessions } = await setDraining(api, kind, name, true)
  const tell = (): void => {
    const elapsedMs = Math.round(performance.now() - startedAt)
    if (json) process.stdout.write(`${JSON.stringify({ [kind]: name, draining: true, sessions, elapsedMs })}\n`)
    else process.stdout.write(`${(elapsedMs / 1000).toFixed(1)} s  ${name} has ${sessions} sessions\n`)
  }
  tell()
  while (wait && sessions > 0) {
    if (performance.now() - startedAt > deadline)
      throw new CliError(
        `${name} still has ${sessions} sessions; it stays drained: wait on with the same command, or 'fivetuple ${kind} undrain ${name}'`,
      )
    await sleep(STEP_MS)
    const now = await (kind === 'lb' ? api.lbDrain(name) : api.backendDrain(name))
    if (!now.draining) throw new CliError(`somebody has ended the drain of ${name}`)
    if (now.sessions === sessions) continue
    sessions = now.sessions
    tell()
  }
  if (!json && sessions === 0) process.stdout.write(`${name} is empty\n`)
}

/** `fivetuple lb undrain` and `fivetuple backend undrain`. */
export async function undrain(kind: 'lb' | 'backend', name: string, { block, json }: DrainOptions): Promise<void> {
  const state = await setDraining(targetCluster(block), kind, name, false)
  process.stdout.write(json ? `${JSON.stringify(state)}\n` : `${name} has new flows again\n`)
}

function setDraining(api: ApiClient, kind: 'lb' | 'backend', name: string, draining: boolean) {
  return kind === 'lb' ? api.drainLb(name, draining) : api.drainBackend(name, draining)
}
