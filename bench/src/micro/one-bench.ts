import { strict as assert } from 'node:assert'
import { MICRO_BENCHES } from './benches.js'
import { memoryPerItem } from './memory.js'
import { time } from './time.js'

// The process of one micro bench: name and number of rounds are its arguments, its parent is told
// the result.
const [name, rounds] = process.argv.slice(2)
const bench = MICRO_BENCHES.find((bench) => bench.name === name)
assert(bench !== undefined, `no bench is named '${name}'`)
process.send?.('build' in bench ? memoryPerItem(bench) : time(bench, Number(rounds)))
