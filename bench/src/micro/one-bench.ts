import { strict as assert } from 'node:assert'
import { MICRO_BENCHES } from './benches.js'
import { memoryPerItem } from './memory.js'
import { time } from './time.js'

// Process of one micro bench. Its arguments are the name and the number of rounds. It sends the
// result to its parent.
const [name, rounds] = process.argv.slice(2)
const bench = MICRO_BENCHES.find((bench) => bench.name === name)
assert(bench !== undefined, `no bench is named '${name}'`)
process.send?.('build' in bench ? memoryPerItem(bench) : time(bench, Number(rounds)))
