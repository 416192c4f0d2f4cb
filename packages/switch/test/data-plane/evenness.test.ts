import { FLOW_HASHES } from '@fivetuple/packet'
import { modulo } from '@fivetuple/switch'
import t from 'tap'
import { chiSquare, chiSquareLimit, flowsOfManyClients, flowsOfOneClient, hashOf } from './flows.js'

// Claim C5: the spread over LBs is even because five-tuples are scattered. Judged per flow, over hundreds of flows.
const FLOWS = 800
const SEED = 0x5eed
const POPULATIONS = {
  'many clients': flowsOfManyClients(FLOWS),
  'one client, each port': flowsOfOneClient(FLOWS, 1),
  'one client, each second port': flowsOfOneClient(FLOWS, 2),
  'one client, each eighth port': flowsOfOneClient(FLOWS, 8),
}
const NEXT_HOPS = [2, 3, 4, 5, 7, 8, 10]

function spread(flows: keyof typeof POPULATIONS, hash: keyof typeof FLOW_HASHES, m: number): number[] {
  const selector = modulo.build(Array.from({ length: m }, (_, i) => i + 1))
  const counts = new Array<number>(m).fill(0)
  for (const flow of POPULATIONS[flows]) counts[selector.select(hashOf(flow, FLOW_HASHES[hash], SEED))]!++
  return counts
}

for (const hash of ['murmur3', 'crc32'] as const)
  t.test(`${hash} spreads evenly`, async (t) => {
    for (const name of Object.keys(POPULATIONS) as (keyof typeof POPULATIONS)[])
      for (const m of NEXT_HOPS) {
        const counts = spread(name, hash, m)
        const statistic = chiSquare(counts)
        t.ok(
          statistic < chiSquareLimit(m),
          `${name} over ${m}: ${counts.join(' ')}, chi-square ${statistic.toFixed(1)}`,
        )
      }
  })

t.test('xor does not: ports that step by M all take one and the same next hop', async (t) => {
  const counts = spread('one client, each eighth port', 'xor', 8)
  t.same(
    counts.filter((count) => count > 0),
    [FLOWS],
  )
  t.ok(chiSquare(counts) > 100 * chiSquareLimit(8))
})
