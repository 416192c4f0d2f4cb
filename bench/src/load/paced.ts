import { setTimeout as sleep } from 'node:timers/promises'
import type { Load, LoadOptions } from './load.js'
import { PacedConnection } from './paced-connection.js'
import { Window } from './window.js'

/**
 * Interval of the timer, ms. Requests are sent at the first tick after they are due, so they come
 * in groups of one tick.
 */
const TICK_MS = 1

/**
 * Open loop: small GETs at a fixed rate, whatever the latency, over keep-alive connections in turn.
 * A request that is due while its connection waits for a response is queued, and its latency counts
 * from its due time. So each contender gets the same number of requests. In a closed loop a faster
 * one gets more.
 *
 * @param perSecond requests
 */
export function pacedLoad(perSecond: number): Load {
  return async (options) => {
    const window = new Window()
    const connections = Array.from({ length: options.connections }, () => new PacedConnection(options, window))
    for (const connection of connections) connection.open()
    const pacing = pace(perSecond, connections, options)
    await window.pass(options)
    pacing.stop()
    await pacing.stopped
    for (const connection of connections) connection.close()
    return window.sample()
  }
}

function pace(perSecond: number, connections: readonly PacedConnection[], { signal }: LoadOptions) {
  const startedMs = performance.now()
  let isOver = false
  let sent = 0
  const run = async (): Promise<void> => {
    while (!isOver && !signal.aborted) {
      const now = performance.now()
      for (; startedMs + (sent * 1000) / perSecond <= now; sent++)
        connections[sent % connections.length]!.due(startedMs + (sent * 1000) / perSecond)
      await sleep(TICK_MS)
    }
  }
  return {
    stopped: run(),
    stop: () => {
      isOver = true
    },
  }
}
