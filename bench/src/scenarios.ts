import { autocannonLoad } from './load/autocannon.js'
import { type Load, SMALL_GET } from './load/load.js'
import { bodiesLoad, freshLoad } from './load/raw-load.js'

/** Kind of traffic by which both contenders are compared. */
export interface Scenario {
  readonly name: string
  readonly load: Load
  readonly connections: number
  readonly path: string
}

const keepAliveLoad = autocannonLoad(SMALL_GET)

export const SCENARIOS: readonly Scenario[] = [
  { name: 'keep-alive-16', load: keepAliveLoad, connections: 16, path: '/' },
  { name: 'keep-alive-64', load: keepAliveLoad, connections: 64, path: '/' },
  { name: 'keep-alive-256', load: keepAliveLoad, connections: 256, path: '/' },
  { name: 'new-connections', load: freshLoad, connections: 64, path: '/' },
  { name: 'bodies-1MiB', load: bodiesLoad, connections: 8, path: '/bytes/1048576' },
]
