import type { ClusterView } from './cluster-view.js'
import { type UntilOptions, until } from './until.js'

/** Longest wait for a ready cluster: a fault that lasts longer is not cured by waiting. */
const READY_TIMEOUT_MS = 60_000
/**
 * Time for a VIP whose address and port can't be bound, ms; then the cluster is ready without it.
 */
const LISTEN_WAIT_MS = 2_000

/**
 * Waits until each VIP has its routes over all its LBs, and has a listener. A VIP whose address
 * can't be bound is waited for only a moment.
 *
 * Rejects with the names of what is missing after a minute, and with the signal's reason when it is
 * aborted: a role that can't start, or the end of the cluster.
 */
export async function untilReady(
  view: ClusterView,
  { signal, after }: Pick<UntilOptions, 'signal' | 'after'>,
): Promise<void> {
  const options = { ...(signal && { signal }), ...(after && { after }) }
  const isComplete = (): boolean => view.missing().length === 0
  for (;;) {
    if (!(await until(view, isComplete, { ...options, timeoutMs: READY_TIMEOUT_MS })))
      throw new Error(`not ready after ${READY_TIMEOUT_MS / 1000} s; still missing: ${view.missing().join(', ')}`)
    // If a route is missing again, the wait for listeners starts over.
    const isListening = (): boolean => view.isConverged || !isComplete()
    await until(view, isListening, { ...options, timeoutMs: LISTEN_WAIT_MS })
    if (isComplete()) return
  }
}
