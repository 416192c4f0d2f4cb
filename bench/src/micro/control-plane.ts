import { strict as assert } from 'node:assert'
import { decodeUpdate, encodeAnnouncements, MessageFramer, Origin, SegmentType } from '@fivetuple/bgp'
import { buildMaglevTable, hostPrefix, MAGLEV_SLOTS, murmur3 } from '@fivetuple/packet'
import type { TimedBench } from './micro-bench.js'
import { scatter } from './packets.js'

const ROUTES = 100_000
/** Largest read of a socket, bytes. */
const CHUNK_BYTES = 65_536
const BACKENDS = 100
/** Size of the larger table of the paper, also prime. */
const LARGE_MAGLEV_SLOTS = 655_373

/** Benches of code that runs when routes or backends change. */
export const controlPlaneBenches: readonly TimedBench[] = [
  { name: `bgp decode, ${ROUTES} routes, per route`, prepare: decode },
  ...[MAGLEV_SLOTS, LARGE_MAGLEV_SLOTS].map((slots) => ({
    name: `maglev build, ${slots} slots, ${BACKENDS} backends`,
    prepare: () => maglev(slots),
  })),
]

/** Encodes a whole table in full messages, as a peer sends it after OPEN. */
function decode(): () => number {
  const next = scatter(7)
  const prefixes = Array.from({ length: ROUTES }, () => hostPrefix(next()))
  const attributes = {
    origin: Origin.IGP,
    asPath: [{ type: SegmentType.AS_SEQUENCE, asns: [64_512] }],
    nextHop: 0x7f140101,
    med: 10,
    localPref: undefined,
    communities: [],
  }
  const stream = Buffer.concat(encodeAnnouncements({ prefixes, attributes }, true))
  return () => {
    const framer = new MessageFramer()
    let routes = 0
    for (let o = 0; o < stream.length; o += CHUNK_BYTES)
      framer.push(stream.subarray(o, o + CHUNK_BYTES), ({ body }) => {
        const update = decodeUpdate(body, true)
        assert(update.ok)
        for (const { prefixes } of update.value.announced) routes += prefixes.length
        return true
      })
    assert.equal(routes, ROUTES)
    return ROUTES
  }
}

function maglev(slots: number): () => number {
  const entries = Array.from({ length: BACKENDS }, (_, i) => ({
    offset: murmur3(i, 0, 8080, 0, 0, 1) % slots,
    skip: (murmur3(i, 0, 8080, 0, 0, 2) % (slots - 1)) + 1,
    weight: 1,
  }))
  return () => {
    assert.equal(buildMaglevTable(slots, entries).length, slots)
    return 1
  }
}
