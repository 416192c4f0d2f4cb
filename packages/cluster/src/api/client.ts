import { request } from 'undici'
import type { ClusterRecord } from '../launcher/run-directory.js'
import type { ClusterStatus, Explanation } from './status.js'

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

  async #get(path: string): Promise<unknown> {
    const { api, token } = this.#record
    const answer = await request(`${api}${path}`, {
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
