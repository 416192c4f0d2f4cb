import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { TokenBucket } from '@fivetuple/packet'
import { ApiError } from './problem.js'

/**
 * Those who bring the token own the cluster: a script may ask as fast as one after the other goes, and begin with a burst. The
 * limit only keeps loops gone wild from taking all of the launcher's time; clients that it does hold up are to ask again.
 */
const RATE_PER_S = 500
const BURST = 1_000
/** Requests that are turned away. They have a limit of their own, so that a stranger can't use up that of the operators. */
const STRANGERS_RATE_PER_S = 50
const STRANGERS_BURST = 100

/**
 * Who may ask. Loopback is shared by all users of the machine and by every page in a browser, so each request must bring the
 * token and name this server as its host, and none may come from a web page (Origin). All are limited in rate.
 */
export class Guard {
  readonly #host: string
  readonly #token: string
  readonly #rate: TokenBucket
  readonly #strangersRate: TokenBucket

  /** @param host the address:port that clients must name; @param now ms */
  constructor(host: string, token: string, now: number) {
    this.#host = host
    this.#token = token
    this.#rate = new TokenBucket(RATE_PER_S, BURST, now)
    this.#strangersRate = new TokenBucket(STRANGERS_RATE_PER_S, STRANGERS_BURST, now)
  }

  /** Throws an ApiError when a request with these headers is not to be answered. */
  admit(headers: IncomingHttpHeaders, now: number): void {
    const refusal = this.#refusal(headers)
    if (refusal !== undefined) throw this.#strangersRate.take(now) ? refusal : tooMany()
    if (!this.#rate.take(now)) throw tooMany()
  }

  #refusal({ host, origin, authorization }: IncomingHttpHeaders): ApiError | undefined {
    if (host !== this.#host) return new ApiError(421, `this is ${this.#host}; send requests with that Host`)
    if (origin !== undefined) return new ApiError(403, 'requests from web pages are not taken')
    if (!isSame(credentialsOf(authorization), this.#token))
      return new ApiError(401, "send 'Authorization: Bearer <token>' with the token from the cluster's record", {
        'www-authenticate': 'Bearer',
      })
    return undefined
  }
}

function tooMany(): ApiError {
  return new ApiError(429, 'too many requests; ask again in a second', { 'retry-after': '1' })
}

/** The token of a header; its scheme is case-insensitive (RFC 9110 §11.1). Empty if there is none. */
function credentialsOf(authorization = ''): string {
  return /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? ''
}

/** Compares in a time that tells nothing of where texts differ. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
