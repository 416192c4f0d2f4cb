import { request } from 'undici'
import type { ClusterRecord } from '../launcher/run-directory.js'
import type { ClusterStatus, Explanation, LbVips } from './status.js'

const TIMEOUT_MS = 10_000

/** Talks to the control API of one running cluster. Methods reject with an Error that says what to do about it. */
export class ApiClient {
  readonly #record: Pick<ClusterRecord, 'api' | 'token'>

  constructor(record: Pick<ClusterRecord, 'api' | 'token'>) {
    this.#record = record
  }

  status(): Promise<ClusterStatus> {
    return this.#get('/v1/status') as Promise<ClusterStatus>
  }

  explain(client: string, vip: string, protocol: 'tcp' | 'udp'): Promise<Explanation> {
    return this.#get(`/v1/explain?${new URLSearchParams({ client, vip, protocol })}`) as Promise<Explanation>
  }

  /** @param lb an LB's name, or 'all' */
  vips(lb: string): Promise<LbVips[]> {
    return this.#get(`/v1/lbs/${encodeURIComponent(lb)}/vips`) as Promise<LbVips[]>
  }

  /** Puts a VIP on an LB's interface, or takes it off; resolves when the uplink switch routes accordingly. */
  setVip(lb: string, vip: string, present: boolean): Promise<LbVips[]> {
    const path = `/v1/lbs/${encodeURIComponent(lb)}/vips/${encodeURIComponent(vip)}`
    return this.#ask(present ? 'PUT' : 'DELETE', path) as Promise<LbVips[]>
  }

  #get(path: string): Promise<unknown> {
    return this.#ask('GET', path)
  }

  async #ask(method: 'GET' | 'PUT' | 'DELETE', path: string): Promise<unknown> {
    const { api, token } = this.#record
    const answer = await request(`${api}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    }).catch((error: Error) => {
      throw new Error(`the cluster at ${api} does not answer (${error.message}): is it still running?`)
    })
    const body = (await answer.body.json()) as { detail?: string }
    if (answer.statusCode !== 200) throw new Error(body.detail ?? `${api}${path} answered ${answer.statusCode}`)
    return body
  }
}
