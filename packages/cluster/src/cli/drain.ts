import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiClient } from '../api/client.js'
import type { BackendDrainState, LbDrainState } from '../api/status.js'
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
  let state = await setDraining(api, kind, name, true)
  const tell = (): void => {
    const { sessions } = state
    const elapsedMs = Math.round(performance.now() - startedAt)
    if (json) process.stdout.write(`${JSON.stringify({ [kind]: name, draining: true, sessions, elapsedMs })}\n`)
    else process.stdout.write(`${(elapsedMs / 1000).toFixed(1)} s  ${name} has ${sessions} sessions\n`)
  }
  tell()
  while (wait && state.sessions > 0) {
    if (performance.now() - startedAt > deadline)
      throw new CliError(
        `${name} still has ${state.sessions} sessions; it stays drained: wait on with the same command, or 'fivetuple ${kind} undrain ${name}'`,
      )
    await sleep(STEP_MS)
    const before = state.sessions
    state = await (kind === 'lb' ? api.lbDrain(name) : api.backendDrain(name))
    if (!state.draining) throw new CliError(`somebody has ended the drain of ${name}`)
    if (state.sessions !== before) tell()
  }
  const alone = onlyCarrierOf(state)
  if (alone.length > 0) throw new CliError(goesOn(name, alone))
  if (!json && state.sessions === 0) process.stdout.write(`${name} is empty\n`)
}

/** VIPs that an LB gets new flows of although it drains. */
function onlyCarrierOf(state: LbDrainState | BackendDrainState): readonly string[] {
  return 'onlyCarrierOf' in state ? state.onlyCarrierOf : []
}

function goesOn(lb: string, vips: readonly string[]): string {
  return `no other LB takes new flows of ${vips.join(', ')}, so ${lb} goes on getting them: let another one carry ${vips.length === 1 ? 'it' : 'them'} ('fivetuple vip add'), or end it ('fivetuple vip remove ${lb} ${vips[0]}')`
}

/** `fivetuple lb undrain` and `fivetuple backend undrain`. */
export async function undrain(kind: 'lb' | 'backend', name: string, { block, json }: DrainOptions): Promise<void> {
  const state = await setDraining(targetCluster(block), kind, name, false)
  process.stdout.write(json ? `${JSON.stringify(state)}\n` : `${name} has new flows again\n`)
}

function setDraining(api: ApiClient, kind: 'lb' | 'backend', name: string, draining: boolean) {
  return kind === 'lb' ? api.drainLb(name, draining) : api.drainBackend(name, draining)
}
