import type { LoadSample, RequestKind } from './load.js'

/** Prefix of the line that the script writes. */
const MARK = 'fivetuple-bench '
const ERRORS = ['connect', 'read', 'write', 'status', 'timeout'] as const

/**
 * Returns a script for wrk that sends such requests, and at the end writes its counts on one line,
 * exact to the microsecond.
 */
export function wrkScript({ method, bodyBytes, isFresh }: RequestKind): string {
  const figures = [
    'summary.duration',
    'summary.requests',
    'summary.bytes',
    'latency:percentile(50)',
    'latency:percentile(99)',
  ]
  const all = [...figures, ...ERRORS.map((kind) => `summary.errors.${kind}`)]
  return `wrk.method = "${method}"
${bodyBytes > 0 ? `wrk.body = string.rep("x", ${bodyBytes})\n` : ''}${isFresh ? 'wrk.headers["Connection"] = "close"\n' : ''}
done = function(summary, latency)
  io.write(string.format("\\n${MARK}${all.map(() => '%.0f').join(' ')}\\n", ${all.join(', ')}))
end
`
}

/** Parses that line in wrk's output; undefined if it is missing. */
export function parseWrkReport(output: string): LoadSample | undefined {
  const line = output.split('\n').find((line) => line.startsWith(MARK))
  const figures = line?.slice(MARK.length).split(' ').map(Number)
  if (figures?.length !== 5 + ERRORS.length || !figures.every(Number.isFinite)) return undefined
  const [durationUs, requests, bytes, p50Us, p99Us, ...counts] = figures as [
    number,
    number,
    number,
    number,
    number,
    ...number[],
  ]
  const errors = Object.fromEntries(ERRORS.flatMap((kind, i) => (counts[i]! > 0 ? [[kind, counts[i]!]] : [])))
  const isAnswered = requests > 0
  return {
    windowMs: durationUs / 1000,
    requests,
    bytes,
    p50Ms: isAnswered ? p50Us / 1000 : Number.NaN,
    p99Ms: isAnswered ? p99Us / 1000 : Number.NaN,
    errors,
  }
}
