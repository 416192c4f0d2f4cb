import { setTimeout as sleep } from 'node:timers/promises'
import type { Behavior } from '@fivetuple/backend'
import { Agent, type Dispatcher, request } from 'undici'
import type { ClusterRecord } from '../launcher/run-directory.js'
import type { DrainsControl, FaultsControl, StatusControl, VipsControl } from './control.js'
import type { ClearedFaults, FaultList, FaultReport, LinkSides, RollingStep } from './faults.js'
import { ApiError } from './problem.js'
import type {
  BackendDrainState,
  ClusterStatus,
  Explanation,
  LbDrainState,
  LbSessions,
  LbVips,
  Prediction,
  VipSettings,
  VipSettingsChange,
} from './status.js'

const TIMEOUT_MS = 10_000
/** What waits for a role to start and for its routes gives up by itself after half of this. */
const RESTART_TIMEOUT_MS = 40_000
/** What a program asks side by side beyond that waits for its turn. */
const CONNECTIONS_MAX = 16
/** How often a request that the API has no time for (429) is sent again. */
const RETRIES_MAX = 5
/** Longest that the API may ask us to wait, and first of the random extra waits, which double. */
const RETRY_AFTER_MAX_S = 10
const RETRY_SPREAD_FIRST_MS = 250

/**
 * Talks to the control API of one running cluster. Methods reject with an {@link ApiError} when its answer is one, and with
 * another Error when there is no answer; both say what to do about it.
 */
export class ApiClient implements StatusControl, VipsControl, DrainsControl, FaultsControl {
  readonly #record: Pick<ClusterRecord, 'api' | 'token'>
  readonly #connections = new Agent({ connections: CONNECTIONS_MAX })

  constructor(record: Pick<ClusterRecord, 'api' | 'token'>) {
    this.#record = record
  }

  status(): Promise<ClusterStatus> {
    return this.ask('GET', '/v1/status')
  }

  /** @param protocol default: that of the VIP, if it is named, else TCP */
  explain(client: string, vip: string, protocol?: 'tcp' | 'udp'): Promise<Explanation> {
    const query = new URLSearchParams({ client, vip, ...(protocol && { protocol }) })
    return this.ask('GET', `/v1/explain?${query}`)
  }

  predict(without: readonly string[]): Promise<Prediction> {
    return this.ask('GET', `/v1/predict?${new URLSearchParams({ without: without.join() })}`)
  }

  sessions(lb: string, vip: string | undefined, limit: number): Promise<LbSessions[]> {
    const query = new URLSearchParams({ limit: String(limit), ...(vip !== undefined && { vip }) })
    return this.ask('GET', `/v1/lbs/${encodeURIComponent(lb)}/sessions?${query}`)
  }

  vips(lb: string): Promise<LbVips[]> {
    return this.ask('GET', `/v1/lbs/${encodeURIComponent(lb)}/vips`)
  }

  setVip(lb: string, vip: string, present: boolean): Promise<LbVips[]> {
    return this.ask(present ? 'PUT' : 'DELETE', `/v1/lbs/${encodeURIComponent(lb)}/vips/${encodeURIComponent(vip)}`)
  }

  changeVip(vip: string, change: VipSettingsChange): Promise<VipSettings> {
    return this.ask('PATCH', `/v1/vips/${encodeURIComponent(vip)}`, change)
  }

  lbDrain(lb: string): Promise<LbDrainState> {
    return this.ask('GET', `/v1/lbs/${encodeURIComponent(lb)}/drain`)
  }

  drainLb(lb: string, draining: boolean): Promise<LbDrainState> {
    return this.ask(draining ? 'PUT' : 'DELETE', `/v1/lbs/${encodeURIComponent(lb)}/drain`)
  }

  backendDrain(backend: string): Promise<BackendDrainState> {
    return this.ask('GET', `/v1/backends/${encodeURIComponent(backend)}/drain`)
  }

  drainBackend(backend: string, draining: boolean): Promise<BackendDrainState> {
    return this.ask(draining ? 'PUT' : 'DELETE', `/v1/backends/${encodeURIComponent(backend)}/drain`)
  }

  kill(role: string, keepStopped: boolean): Promise<FaultReport> {
    return this.ask('POST', `/v1/roles/${encodeURIComponent(role)}/kill`, { keepStopped })
  }

  pause(role: string): Promise<FaultReport> {
    return this.#actOnRole(role, 'pause')
  }

  resume(role: string): Promise<FaultReport> {
    return this.#actOnRole(role, 'resume')
  }

  start(role: string): Promise<FaultReport> {
    return this.#actOnRole(role, 'start')
  }

  restart(role: string): Promise<FaultReport> {
    return this.#actOnRole(role, 'restart')
  }

  takeLinksDown(lb: string, sides: LinkSides): Promise<FaultReport> {
    return this.ask('PUT', `/v1/lbs/${encodeURIComponent(lb)}/links/${sides}/down`)
  }

  bringLinksUp(lb: string, sides: LinkSides): Promise<FaultReport> {
    return this.ask('DELETE', `/v1/lbs/${encodeURIComponent(lb)}/links/${sides}/down`, undefined, RESTART_TIMEOUT_MS)
  }

  setBehavior(backend: string, change: Partial<Behavior>): Promise<FaultReport> {
    return this.ask('PATCH', `/v1/backends/${encodeURIComponent(backend)}/behavior`, change)
  }

  restoreBehavior(backend: string): Promise<FaultReport> {
    return this.ask('DELETE', `/v1/backends/${encodeURIComponent(backend)}/behavior`)
  }

  faults(): Promise<FaultList> {
    return this.ask('GET', '/v1/faults')
  }

  clearFaults(): Promise<ClearedFaults> {
    return this.ask('DELETE', '/v1/faults', undefined, RESTART_TIMEOUT_MS)
  }

  async *rollingRestart(drainMaxMs: number): AsyncGenerator<RollingStep, void, undefined> {
    const timeoutMs = drainMaxMs + RESTART_TIMEOUT_MS
    const answer = await this.#send('POST', '/v1/rolling-restart', { drainMaxMs }, timeoutMs)
    if (answer.statusCode !== 200) await contentOf(answer)
    let rest = ''
    try {
      for await (const chunk of answer.body.setEncoding('utf8')) {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop()!
        for (const line of lines) yield JSON.parse(line) as RollingStep
      }
    } catch (error) {
      throw this.#noAnswer(error as Error)
    }
  }

  /** One request. Rejects unless it is answered with 200. */
  async ask<T>(method: Method, path: string, body?: object, timeoutMs?: number): Promise<T> {
    return contentOf<T>(await this.#send(method, path, body, timeoutMs)).catch((error: Error) => {
      throw error instanceof ApiError ? error : this.#noAnswer(error)
    })
  }

  #actOnRole(role: string, action: string): Promise<FaultReport> {
    return this.ask('POST', `/v1/roles/${encodeURIComponent(role)}/${action}`, undefined, RESTART_TIMEOUT_MS)
  }

  /** Sends a request, and sends it again while it is too much: the API has not looked at it then, so any may be repeated. */
  async #send(method: Method, path: string, body?: object, timeoutMs?: number): Promise<Answer> {
    for (let retry = 0; ; retry++) {
      const answer = await this.#sendOnce(method, path, body, timeoutMs).catch((error: Error) => {
        if (!mayAskAgain(method, error)) throw this.#noAnswer(error)
        return this.#sendOnce(method, path, body, timeoutMs).catch((again: Error) => {
          throw this.#noAnswer(again)
        })
      })
      if (answer.statusCode !== 429 || retry === RETRIES_MAX) return answer
      await answer.body.dump()
      await sleep(retryDelayMs(answer.headers['retry-after'], retry))
    }
  }

  #sendOnce(method: Method, path: string, body?: object, timeoutMs = TIMEOUT_MS): Promise<Answer> {
    const { api, token } = this.#record
    return request(`${api}${path}`, {
      dispatcher: this.#connections,
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    })
  }

  #noAnswer({ message }: Error): Error {
    return new Error(`the cluster at ${this.#record.api} does not answer (${message}): is it still running?`)
  }
}

type Method = 'GET' | 'PUT' | 'DELETE' | 'POST' | 'PATCH'
type Answer = Dispatcher.ResponseData

/** What the API asks for, and a random wait on top, so that those who were turned away together don't come back together. */
function retryDelayMs(retryAfter: string | string[] | undefined, retry: number): number {
  const seconds = /^\d{1,5}$/.test(String(retryAfter)) ? Number(retryAfter) : 0
  return 1000 * Math.min(seconds, RETRY_AFTER_MAX_S) + Math.random() * RETRY_SPREAD_FIRST_MS * 2 ** retry
}

async function contentOf<T>({ statusCode, body }: Answer): Promise<T> {
  const content = (await body.json()) as T & { detail?: string }
  if (statusCode !== 200) throw new ApiError(statusCode, content.detail ?? `the control API answered ${statusCode}`)
  return content
}

/**
 * Whether a request may be sent once more because its connection was closed: the server may close one that is idle in the
 * moment in which it is used again (RFC 9112 §9.5). Only what can be asked twice without harm (RFC 9110 §9.2.2).
 */
function mayAskAgain(method: Method, error: Error): boolean {
  return method === 'GET' && (error as NodeJS.ErrnoException).code === 'UND_ERR_SOCKET'
}
