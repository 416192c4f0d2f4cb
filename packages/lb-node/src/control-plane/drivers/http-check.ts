import { formatEndpoint } from '@fivetuple/packet'
import { type Check, type CheckOutcome, type CheckTarget, failure, outcomeOfFailure, success } from '../health/check.js'
import { HttpResponse } from '../health/http-response.js'
import { DEFAULT_STATUS_RANGES, formatRanges, isInRanges } from '../health/status-ranges.js'

/**
 * Requests a path and checks the status of the response. One connection for each check: accepting
 * one is part of being healthy. No HTTP client stands in between: each LB makes a few checks a
 * second, too few for a client's code ever to be compiled.
 */
export const httpCheck: Check = (host, target, timeoutMs, signal) =>
  new Promise((resolve) => {
    const { expectStatus = DEFAULT_STATUS_RANGES } = target
    const response = new HttpResponse(target.method === 'HEAD')
    let reached = 'not connected'
    const finish = (outcome: CheckOutcome): void => {
      signal.removeEventListener('abort', onAbort)
      resolve(outcome)
    }
    const outcomeOf = (status: number): CheckOutcome =>
      isInRanges(status, expectStatus)
        ? success(`HTTP ${status}`)
        : { ...failure(`HTTP ${status}, expected ${formatRanges(expectStatus)}`), responds: true }
    const look = (): void => {
      switch (response.state) {
        case 'head':
          return
        case 'body':
          reached = 'no complete response'
          return
        case 'whole':
          finish(outcomeOf(response.status))
          connection.closeAfterPeer()
          return
        case 'long':
          finish(outcomeOf(response.status))
          connection.reset() // or the backend would go on sending
          return
        case 'cut':
          finish(failure('connection closed before the response was complete'))
          connection.close()
          return
        case 'malformed':
          finish(failure('the response is not HTTP'))
          connection.reset()
      }
    }
    const onAbort = (): void => {
      finish(failure(`${reached} within ${timeoutMs} ms`))
      connection.reset()
    }
    const connection = host.connect(target, {
      onConnected: () => {
        reached = 'no response'
        connection.send(question(target))
      },
      onData: (b, start, end) => {
        response.take(b, start, end)
        look()
      },
      onEnd: () => {
        response.end()
        look()
      },
      onFailure: (code) => finish(outcomeOfFailure(code)),
    })
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort)
  })

function question({ address, port, method = 'GET', path = '/', host }: CheckTarget): Uint8Array {
  const name = host ?? formatEndpoint(address, port)
  return Buffer.from(
    `${method} ${path} HTTP/1.1\r\nhost: ${name}\r\nuser-agent: fivetuple-health-check\r\nconnection: close\r\n\r\n`,
    'latin1',
  )
}
