import { type Check, type CheckOutcome, failure, outcomeOfFailure, success } from '../health/check.js'

/**
 * Payload of a request. A server of a real protocol may respond with an error, which counts as a
 * response, too.
 */
const REQUEST = Buffer.from('fivetuple health check')

/**
 * Sends a datagram and waits for any answer. ICMP, which says that nobody listens, ends it at once.
 */
export const udpCheck: Check = (host, { address, port }, timeoutMs, signal) =>
  new Promise<CheckOutcome>((resolve) => {
    const finish = (outcome: CheckOutcome): void => {
      channel?.close()
      signal.removeEventListener('abort', onAbort)
      resolve(outcome)
    }
    const onAbort = (): void => finish(failure(`no response within ${timeoutMs} ms`))
    const channel = host.openDatagram({
      address,
      port,
      onMessage: () => finish(success('answered')),
      onUnreachable: (code) => finish(code === 'ECONNREFUSED' ? failure('port unreachable') : outcomeOfFailure(code)),
    })
    if (channel === undefined) finish(outcomeOfFailure('EADDRNOTAVAIL'))
    else if (signal.aborted) onAbort()
    else if (!channel.send(REQUEST)) finish(outcomeOfFailure('EHOSTUNREACH'))
    else signal.addEventListener('abort', onAbort)
  })
