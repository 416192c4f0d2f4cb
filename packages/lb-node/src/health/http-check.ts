import { formatEndpoint } from '@fivetuple/packet'
import { Client, errors } from 'undici'
import { type Check, type CheckHost, type CheckTarget, failure, outcomeOfError, success } from './check.js'

/** Any answer but an error; a redirect is one, and is not followed: it may lead to where this LB can't go. */
const GOOD_STATUS = [200, 399] as const
/** An answer is read to its end, so that the connection closes in order, unless it is longer than this. */
const BODY_MAX_BYTES = 64 * 1024

/** Asks for a path and looks at the status of the answer. One connection for each check: accepting one is part of being well. */
export const httpCheck: Check = async (host, target, timeoutMs, signal) => {
  const { path = '/', expectStatus = GOOD_STATUS } = target
  const endpoint = formatEndpoint(target.address, target.port)
  const progress = { reached: 'not connected' }
  const client = new Client(`http://${endpoint}`, {
    connect: connector(host, target, signal, progress),
    headersTimeout: 0, // time is the caller's business
    bodyTimeout: 0,
  })
  try {
    const { statusCode, body } = await client.request({
      method: 'GET',
      path,
      headers: { host: target.host ?? endpoint, 'user-agent': 'fivetuple-health-check' },
      reset: true,
    })
    progress.reached = 'no end of the answer'
    let bytes = 0
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      bytes += chunk.length
      if (bytes > BODY_MAX_BYTES) break
    }
    const isGood = statusCode >= expectStatus[0] && statusCode <= expectStatus[1]
    return isGood ? success(`status ${statusCode}`) : failure(`status ${statusCode}`)
  } catch (error) {
    return signal.aborted ? failure(`${progress.reached} within ${timeoutMs} ms`) : outcomeOfHttpError(error)
  } finally {
    void client.destroy()
  }
}

/** undici's way to a connection over the fabric. */
function connector(
  host: CheckHost,
  { address, port }: CheckTarget,
  signal: AbortSignal,
  progress: { reached: string },
): NonNullable<Client.Options['connect']> {
  return (_options, callback) => {
    const socket = host.connect({ address, port, signal })
    const onError = (error: Error): void => callback(error, null)
    socket.once('error', onError)
    socket.once('connect', () => {
      socket.off('error', onError)
      progress.reached = 'no answer'
      callback(null, socket as never) // undici calls no method of a socket that a Duplex does not have
    })
  }
}

function outcomeOfHttpError(error: unknown) {
  if (error instanceof errors.SocketError) return failure('closed before the answer was whole')
  if (error instanceof errors.HTTPParserError) return failure('the answer is not HTTP')
  return outcomeOfError(error)
}
