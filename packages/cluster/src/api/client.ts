import { request } from 'undici'
import type { ClusterRecord } from '../launcher/run-directory.js'
import type { DrainsControl, StatusControl, VipsControl } from './control.js'
import type {
  BackendDrainState,
  ClusterStatus,
  Explanation,
  LbDrainState,
  LbSessions,
  LbVips,
  VipSettings,
  VipSettingsChange,
} from './status.js'

const TIMEOUT_MS = 10_000

/** Talks to the control API of one running cluster. Methods reject with an Error that says what to do about it. */
export class ApiClient implements StatusControl, VipsControl, DrainsControl {
  readonly #record: Pick<ClusterRecord, 'api' | 'token'>

  constructor(record: Pick<ClusterRecord, 'api' | 'token'>) {
    this.#record = record
  }

  status(): Promise<ClusterStatus> {
    return this.ask('GET', '/v1/status')
  }

  explain(client: string, vip: string, protocol: 'tcp' | 'udp'): Promise<Explanation> {
    return this.ask('GET', `/v1/explain?${new URLSearchParams({ client, vip, protocol })}`)
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

  /** One request. Rejects unless it is answered with 200. */
  async ask<T>(method: 'GET' | 'PUT' | 'DELETE' | 'POST' | 'PATCH', path: string, body?: object): Promise<T> {
    const { api, token } = this.#record
    const answer = await request(`${api}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    }).catch((error: Error) => {
      throw new Error(`the cluster at ${api} does not answer (${error.message}): is it still running?`)
    })
    const content = (await answer.body.json()) as T & { detail?: string }
    if (answer.statusCode !== 200) throw new Error(content.detail ?? `${api}${path} answered ${answer.statusCode}`)
    return content
  }
}
