import { type Check, type CheckOutcome, failure, outcomeOfFailure, success } from '../health/check.js'

/** Opens a connection and closes it again: FIN there, FIN back. */
export const tcpCheck: Check = (host, target, timeoutMs, signal) =>
  new Promise((resolve) => {
    const finish = (outcome: CheckOutcome): void => {
      signal.removeEventListener('abort', onAbort)
      resolve(outcome)
    }
    const onAbort = (): void => {
      finish(failure(`not connected within ${timeoutMs} ms`))
      connection.reset()
    }
    const connection = host.connect(target, {
      onConnected: () => {
        finish(success('connected'))
        connection.close()
      },
      onData: () => {},
      onEnd: () => {},
      onFailure: (code) => finish(outcomeOfFailure(code)),
    })
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort)
  })
