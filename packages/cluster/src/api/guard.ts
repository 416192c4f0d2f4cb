import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { TokenBucket } from '@fivetuple/packet'
import { ApiError } from './problem.js'

// A client with the token owns the cluster. A script may send a burst, and then requests one after
// the other at full speed. The limit only keeps an endless loop from taking all time of the
// launcher.

/** Requests with the token that are accepted a second, on average. */
export const RATE_PER_S = 500
/** Requests with the token that are accepted at once. */
export const BURST = 1_000
/**
 * Refused requests a second that get their reason as the response. Refused requests have a limit of
 * their own, so that a stranger can't use up the limit of the operators.
 */
export const STRANGERS_RATE_PER_S = 50
/** Refused requests that get their reason at once. */
export const STRANGERS_BURST = 100

/**
 * Admission of requests. All users of the machine and every page in a browser share loopback. So
 * each request must have the token and name this server as its host, and none may come from a web
 * page (Origin). All requests are limited in rate.
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

  /**
   * Admits a request by its headers. @throws ApiError with the response if it is refused @param now
   * ms
   */
  admit(headers: IncomingHttpHeaders, now: number): void {
    const refusal = this.#refusal(headers)
    if (refusal !== undefined) throw this.#strangersRate.take(now) ? refusal : tooMany()
    if (!this.#rate.take(now)) throw tooMany()
  }

  #refusal({ host, origin, authorization }: IncomingHttpHeaders): ApiError | undefined {
    if (host !== this.#host) return new ApiError(421, `this is ${this.#host}; send requests with that Host`)
    if (origin !== undefined) return new ApiError(403, 'requests from web pages are refused')
    if (!isSame(credentialsOf(authorization), this.#token))
      return new ApiError(401, "send 'Authorization: Bearer <token>' with the token from the cluster's record", {
        'www-authenticate': 'Bearer',
      })
    return undefined
  }
}

function tooMany(): ApiError {
  return new ApiError(429, 'too many requests; send it again in a second', { 'retry-after': '1' })
}

/**
 * Returns the token of a header; its scheme is case-insensitive (RFC 9110 §11.1). Empty if there is
 * none.
 */
function credentialsOf(authorization = ''): string {
  return /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? ''
}

/** Compares texts in a time that does not depend on where they differ. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
