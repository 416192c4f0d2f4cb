import { formatEndpoint } from '@fivetuple/packet'
import { type Check, type CheckOutcome, type CheckTarget, failure, outcomeOfFailure, success } from './check.js'
import { HttpAnswer } from './http-answer.js'

/** Any answer but an error; a redirect is one, and is not followed: it may lead to where this LB can't go. */
const GOOD_STATUS = [200, 399] as const

/**
 * Asks for a path and looks at the status of the answer. One connection for each check: accepting one is part of being well.
 * No HTTP client stands in between: each LB makes a few checks a second, too few for a client's code ever to be compiled.
 */
export const httpCheck: Check = (host, target, timeoutMs, signal) =>
  new Promise((resolve) => {
    const { expectStatus = GOOD_STATUS } = target
    const answer = new HttpAnswer()
    let reached = 'not connected'
    const finish = (outcome: CheckOutcome): void => {
      signal.removeEventListener('abort', onAbort)
      resolve(outcome)
    }
    const outcomeOf = (status: number): CheckOutcome => {
      const isGood = status >= expectStatus[0] && status <= expectStatus[1]
      return isGood ? success(`status ${status}`) : failure(`status ${status}`)
    }
    const look = (): void => {
      switch (answer.state) {
        case 'head':
          return
        case 'body':
          reached = 'no end of the answer'
          return
        case 'whole':
          finish(outcomeOf(answer.status))
          connection.closeAfterPeer()
          return
        case 'long':
          finish(outcomeOf(answer.status))
          connection.reset() // or the backend would go on sending
          return
        case 'cut':
          finish(failure('closed before the answer was whole'))
          connection.close()
          return
        case 'malformed':
          finish(failure('the answer is not HTTP'))
          connection.reset()
      }
    }
    const onAbort = (): void => {
      finish(failure(`${reached} within ${timeoutMs} ms`))
      connection.reset()
    }
    const connection = host.connect(target, {
      onConnected: () => {
        reached = 'no answer'
        connection.send(question(target))
      },
      onData: (b, start, end) => {
        answer.take(b, start, end)
        look()
      },
      onEnd: () => {
        answer.end()
        look()
      },
      onFailure: (code) => finish(outcomeOfFailure(code)),
    })
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort)
  })

function question({ address, port, path = '/', host }: CheckTarget): Uint8Array {
  const name = host ?? formatEndpoint(address, port)
  return Buffer.from(
    `GET ${path} HTTP/1.1\r\nhost: ${name}\r\nuser-agent: fivetuple-health-check\r\nconnection: close\r\n\r\n`,
    'latin1',
  )
}
