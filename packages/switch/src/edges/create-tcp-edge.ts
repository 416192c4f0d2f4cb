import { webcrypto as crypto } from 'node:crypto'
import { type Fabric, type ServerEdge, TcpEdge, type TcpEdgeOptions } from '@fivetuple/edge'
import { type Clock, DeadlineTimer } from '@fivetuple/runtime'
import { tcpOptions } from '@fivetuple/tcp'
import type { EdgeTcpConfig } from '../config.js'
import type { FlowBudgets } from '../data-plane/flow-budgets.js'

/**
 * Creates the TCP edge of a switch and its one timer.
 * @param server of an edge towards servers
 * @param recorder of an edge towards clients
 */
export function createTcpEdge(
  config: EdgeTcpConfig,
  budgets: FlowBudgets,
  fabric: Fabric,
  clock: Clock,
  server?: ServerEdge,
  isReserved?: TcpEdgeOptions['isReserved'],
  recorder?: TcpEdgeOptions['recorder'],
) {
  const timer = new DeadlineTimer(clock, () => {
    tcp.onTimeout(clock.now())
    return tcp.deadline()
  })
  const tcp = new TcpEdge(
    {
      fabric,
      tcp: tcpOptions({
        windowBytes: config.windowBytes,
        sendBufferBytes: config.windowBytes,
        keepAliveMs: config.keepAliveMs ?? Number.POSITIVE_INFINITY,
        halfClosedKeepAliveMs: config.keepAliveMs === null ? Number.POSITIVE_INFINITY : config.halfClosedKeepAliveMs,
        userTimeoutMs: config.userTimeoutMs,
      }),
      maxFlows: budgets.tcp,
      reservedFlows: budgets.checks,
      ...(isReserved === undefined ? {} : { isReserved }),
      ...(recorder === undefined ? {} : { recorder }),
      nextIss: issGenerator(),
      onEarlierDeadline: (deadline) => timer.arm(deadline),
      ...(server === undefined ? {} : { onIncoming: server.accept }),
    },
    clock.now(),
  )
  return { tcp, timer }
}

/** Initial sequence numbers from the system's random source, drawn in blocks. */
function issGenerator(): () => number {
  let block = new Uint32Array(0)
  let next = 0
  return () => {
    if (next === block.length) {
      block = crypto.getRandomValues(new Uint32Array(256))
      next = 0
    }
    return block[next++]!
  }
}
