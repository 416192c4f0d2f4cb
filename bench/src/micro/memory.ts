import { strict as assert } from 'node:assert'
import { type Spread, spreadOf } from '../statistics.js'
import type { MemoryBench } from './micro-bench.js'

/**
 * Bytes of resident memory for each of what a bench builds: all of it, whoever has allocated it.
 * Needs `--expose-gc`.
 */
export function memoryPerItem({ build, count }: MemoryBench): Spread {
  const before = residentBytes()
  const built = build()
  const bytes = residentBytes() - before
  assert(Object.keys(built) !== undefined) // it was alive until here
  return spreadOf([bytes / count])
}

function residentBytes(): number {
  assert(globalThis.gc !== undefined, 'node --expose-gc')
  globalThis.gc()
  globalThis.gc() // what the first one has found to be garbage is freed by the second
  return process.memoryUsage.rss()
}
