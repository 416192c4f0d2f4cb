import { keepAliveLoad } from '../load/keep-alive.js'
import type { Load } from '../load/load.js'
import { wrkLoad } from '../load/wrk.js'
import type { Tools } from './tools.js'

/** One kind of traffic that the ways are compared by. */
export interface ChainCase {
  readonly name: string
  /** What it runs on; see `startBackends`. */
  readonly service: string
  readonly connections: number
  readonly path: string
  readonly load: Load
  /** What its speed is counted in. */
  readonly unit: 'requests' | 'bytes'
}

const CONNECTIONS = [16, 64, 256, 1024]
const SMALL_GET = { method: 'GET', bodyBytes: 0, isFresh: false } as const

/** All cases that the installed tools can make load for. */
export function chainCases(tools: Tools): ChainCase[] {
  const wrk = tools.wrk?.command
  const small = { service: 'small', path: '/', unit: 'requests' } as const
  return [
    ...CONNECTIONS.flatMap((connections): ChainCase[] => {
      const name = `keep-alive-${connections}`
      return [
        ...(wrk ? [{ ...small, name: `${name}/wrk`, connections, load: wrkLoad(wrk, SMALL_GET) }] : []),
        { ...small, name: `${name}/autocannon`, connections, load: keepAliveLoad },
      ]
    }),
  ]
}
