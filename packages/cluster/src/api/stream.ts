import { Readable } from 'node:stream'
import type { Steps } from '../operations/outcome.js'
import { ApiError, problem } from './problem.js'

/** Media type of a streamed response: one JSON document per line. */
export const STREAM_TYPE = 'application/x-ndjson'

/**
 * Returns the lines of a streaming operation: `{"progress": …}` any number of times, then
 * `{"result": …}`, or `{"problem": …}` (RFC 9457) if it fails after the response has begun. Rejects
 * if it fails before. The stream ends the operation when it is destroyed.
 */
export async function stepLines(steps: Steps<unknown, unknown>, onError: (error: Error) => string): Promise<Readable> {
  const first = await steps.next()
  return Readable.from(lines(first, steps, onError))
}

async function* lines(
  first: IteratorResult<unknown, unknown>,
  steps: Steps<unknown, unknown>,
  onError: (error: Error) => string,
): AsyncGenerator<string, void> {
  try {
    let step = first
    for (; step.done !== true; step = await steps.next()) yield line({ progress: step.value })
    yield line({ result: step.value })
  } catch (error) {
    const status = error instanceof ApiError ? error.status : 500
    yield line({ problem: problem(status, onError(error instanceof Error ? error : new Error(String(error)))) })
  } finally {
    await steps.return(undefined)
  }
}

/** Media type of server-sent events. */
export const SSE_TYPE = 'text/event-stream'

/** Time after which a client of server-sent events connects again, ms. */
const SSE_RETRY_MS = 1_000

/**
 * Returns the documents of a feed, one per line or as server-sent events. Rejects if the feed fails
 * before its first document. The stream ends the feed when it is destroyed.
 */
export async function feedLines(
  steps: Steps<unknown, unknown>,
  isSse: boolean,
  onError: (error: Error) => string,
): Promise<Readable> {
  const first = await steps.next()
  return Readable.from(documents(first, steps, isSse, onError))
}

async function* documents(
  first: IteratorResult<unknown, unknown>,
  steps: Steps<unknown, unknown>,
  isSse: boolean,
  onError: (error: Error) => string,
): AsyncGenerator<string, void> {
  try {
    if (isSse) yield `retry: ${SSE_RETRY_MS}\n\n`
    for (let step = first; step.done !== true; step = await steps.next())
      yield isSse ? serverSentEvent(step.value as { readonly seq: number }) : line(step.value as object)
  } catch (error) {
    onError(error instanceof Error ? error : new Error(String(error))) // the reader sees the end of the stream
  } finally {
    await steps.return(undefined)
  }
}

/**
 * Returns a server-sent event (HTML standard §9.2.6). The id is its last field: a client that takes
 * it over before the event is complete would skip an event that the end of a connection has cut.
 */
function serverSentEvent(value: { readonly seq: number }): string {
  return `data: ${JSON.stringify(value)}\nid: ${value.seq}\n\n`
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`
}
