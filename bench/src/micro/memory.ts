import { strict as assert } from 'node:assert'
import { type Spread, spreadOf } from '../statistics.js'
import type { MemoryBench } from './micro-bench.js'

/**
 * Returns the resident bytes per item that a bench builds, whatever has allocated them. Needs
 * `--expose-gc`.
 */
export function memoryPerItem({ build, count }: MemoryBench): Spread {
  const before = residentBytes()
  const built = build()
  const bytes = residentBytes() - before
  assert(Object.keys(built) !== undefined) // keeps it alive until here
  return spreadOf([bytes / count])
}

function residentBytes(): number {
  assert(globalThis.gc !== undefined, 'node --expose-gc')
  globalThis.gc()
  globalThis.gc() // garbage that the first one has found is freed by the second
  return process.memoryUsage.rss()
}
