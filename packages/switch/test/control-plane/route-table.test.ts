import { Rib, type RibNeighbor, SegmentType, type Update } from '@fivetuple/bgp'
import { hostPrefix, type Prefix, parseIpv4, parsePrefix } from '@fivetuple/packet'
import { EDGE_PORT, modulo, type RouteChange, RouteTable } from '@fivetuple/switch'
import t from 'tap'

const VIP = parsePrefix('127.20.10.1/32')!
const ANYWHERE = parsePrefix('0.0.0.0/0')!

const neighbor = (name: string, address: string, as: number, forwards: boolean): RibNeighbor => ({
  name,
  address: parseIpv4(address)!,
  as,
  forwards,
  allowedPrefixes: [ANYWHERE],
  prefixLimit: 100_000,
})

/** The uplink switch's table with two LBs and a neighbour that no port leads to. */
class Rig {
  readonly lb1 = neighbor('lb-1', '127.20.1.1', 65_100, true)
  readonly lb2 = neighbor('lb-2', '127.20.1.2', 65_100, true)
  readonly outside = neighbor('bird', '127.20.9.1', 64_999, false)
  readonly rib = new Rib(65_000)
  readonly table = new RouteTable(
    modulo,
    [ANYWHERE],
    new Map([
      ['lb-1', 1],
      ['lb-2', 2],
    ]),
    0,
  )

  constructor() {
    for (const [i, one] of [this.lb1, this.lb2, this.outside].entries()) this.rib.addNeighbor(one, i + 1)
  }

  announce(from: RibNeighbor, prefixes: readonly Prefix[], med?: number, asns = [from.as]): RouteChange {
    const attributes = {
      origin: 0,
      asPath: [{ type: SegmentType.AS_SEQUENCE, asns }],
      nextHop: from.address,
      med,
      localPref: undefined,
      communities: [],
    }
    return this.update(from, { withdrawn: [], announced: [{ prefixes, attributes }], fault: undefined })
  }

  withdraw(from: RibNeighbor, prefix: Prefix): RouteChange {
    return this.update(from, { withdrawn: [prefix], announced: [], fault: undefined })
  }

  update(from: RibNeighbor, update: Update): RouteChange {
    this.rib.update(from, update, 0)
    return this.table.apply(this.rib.takeChanges(0))
  }
}

t.test('a neighbour without a port takes no VIP away from the LBs, and is none of them', async (t) => {
  const rig = new Rig()
  t.same(rig.announce(rig.lb1, [VIP], 10).forwarded, new Map([['127.20.10.1/32', ['lb-1']]]))
  t.same(
    rig.announce(rig.outside, [VIP], 0),
    { fib: undefined, forwarded: new Map(), forwardedBefore: new Map(), draining: new Map() },
    'a better path, not used',
  )
  t.same(rig.table.fib.get(VIP)?.nextHops, [1])
  t.same(rig.table.forwardedBy('127.20.10.1/32'), ['lb-1'])
  t.same(rig.announce(rig.lb2, [VIP], 10).forwarded, new Map([['127.20.10.1/32', ['lb-1', 'lb-2']]]))
  rig.withdraw(rig.lb1, VIP)
  t.same(rig.withdraw(rig.lb2, VIP).forwarded, new Map([['127.20.10.1/32', []]]), 'the last LB is gone')
  t.equal(rig.table.fib.get(VIP), undefined)
  t.match(rig.table.status(0)[1], { prefix: '127.20.10.1/32', nextHops: [{ via: 'bird', port: null }] }, 'it is shown')
  t.equal(rig.table.bestPath('127.20.10.1/32'), undefined, 'but not passed on')
})

t.test('routes that are not used for forwarding leave the snapshot as it is', async (t) => {
  const rig = new Rig()
  rig.announce(rig.lb1, [VIP])
  const { fib } = rig.table
  const prefixes = Array.from({ length: 10_000 }, (_, i) => hostPrefix(0xc612_0000 + i))
  t.same(rig.announce(rig.outside, prefixes), {
    fib: undefined,
    forwarded: new Map(),
    forwardedBefore: new Map(),
    draining: new Map(),
  })
  for (let i = 0; i < 100; i++)
    t.same(rig.announce(rig.outside, [prefixes[i]!], i + 1), {
      fib: undefined,
      forwarded: new Map(),
      forwardedBefore: new Map(),
      draining: new Map(),
    })
  t.same(rig.withdraw(rig.outside, prefixes[0]!), {
    fib: undefined,
    forwarded: new Map(),
    forwardedBefore: new Map(),
    draining: new Map(),
  })
  t.equal(rig.table.fib, fib, 'the very same snapshot')
  t.equal(rig.table.status(0).length, 2 + 9_999)
})

t.test('only what has changed is in a change', async (t) => {
  const rig = new Rig()
  const vips = Array.from({ length: 1_000 }, (_, i) => hostPrefix(VIP.address + i))
  t.equal(rig.announce(rig.lb1, vips).forwarded.size, 1_000)
  const before = rig.table.fib
  const { fib, forwarded } = rig.announce(rig.lb2, [vips[7]!])
  t.same(fib?.set, [{ prefix: vips[7], nextHops: [1, 2], draining: [], cost: 0 }])
  t.same([fib?.remove, forwarded.size], [[], 1])
  t.equal(fib?.fib.version, before.version + 1)
  t.same(before.get(vips[7]!)?.nextHops, [1], 'the snapshot before stays as it was')
  t.equal(rig.announce(rig.lb1, [vips[8]!], 5).fib?.set[0]?.cost, 5, 'another cost is a change of the table')
  t.equal(rig.announce(rig.lb1, [vips[8]!], 6).forwarded.size, 0, 'but of no next hop')
})

t.test('what is connected is nearer than anything learned', async (t) => {
  const rig = new Rig()
  t.equal(rig.announce(rig.lb1, [ANYWHERE]).fib, undefined)
  t.same(rig.table.fib.get(ANYWHERE)?.nextHops, [EDGE_PORT])
})
