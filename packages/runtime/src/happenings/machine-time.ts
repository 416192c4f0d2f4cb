/**
 * Returns the time on the monotonic clock of the machine, µs: CLOCK_MONOTONIC on Linux. It has the
 * same zero in all processes, unlike `performance.now()`, whose zero is the start of the process.
 * `performance.timeOrigin` joins the two by the time of day, which may step between two starts.
 */
export function machineTimeUs(): number {
  return Number(process.hrtime.bigint() / 1_000n)
}
