import { type Check, type CheckOutcome, failure, outcomeOfError, success } from './check.js'

/** Opens a connection and closes it again: FIN there, FIN back. */
export const tcpCheck: Check = (host, { address, port }, timeoutMs, signal) =>
  new Promise<CheckOutcome>((resolve) => {
    const socket = host.connect({ address, port, signal })
    socket.once('connect', () => {
      resolve(success('connected'))
      socket.destroy()
    })
    socket.on('error', (error) =>
      resolve(signal.aborted ? failure(`not connected within ${timeoutMs} ms`) : outcomeOfError(error)),
    )
  })
