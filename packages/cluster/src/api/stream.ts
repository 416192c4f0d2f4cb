import { Readable } from 'node:stream'
import type { Steps } from '../operations/operation.js'
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

function line(value: object): string {
  return `${JSON.stringify(value)}\n`
}
