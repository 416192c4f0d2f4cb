import { setTimeout as sleep } from 'node:timers/promises'
import type { Load, LoadOptions } from './load.js'
import { PacedConnection } from './paced-connection.js'
import { Window } from './window.js'

/**
 * Requests leave at the first tick after they are due: a timer can't do better, so they come in
 * runs of a tick's worth.
 */
const TICK_MS = 1

/**
 * An open loop: small GETs at a fixed rate, however fast they are completed, spread in turn over
 * keep-alive connections. A request that is due while its connection still waits for an answer
 * waits in turn, and its latency counts from when it was due. So the same work is asked of whatever
 * is measured, which a closed loop does not: there the faster gets more to do.
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
