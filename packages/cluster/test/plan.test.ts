import { strict as assert } from 'node:assert'
import { createServer } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { defaultConfig } from '../dist/config/default-config.js'
import { loadConfig } from '../dist/config/load.js'
import { findFreeBlock } from '../dist/plan/find-free-block.js'
import { type ClusterPlan, planCluster } from '../dist/plan/plan.js'

const KEY = '00112233445566778899aabbccddeeff'

function planOf(text: string, block = '127.20.0.0/16', overrides = {}): ClusterPlan {
  const result = loadConfig(text, 'c.yaml', { block, ...overrides })
  assert.ok(result.ok, JSON.stringify(result))
  return planCluster(result.config, block, KEY)
}

/** Every address that something of the cluster binds or announces. */
function addressesOf(plan: ClusterPlan): Set<string> {
  return new Set([
    plan.api.address,
    plan.uplink.address,
    plan.downlink.address,
    ...plan.lbs.flatMap(({ address, bip }) => [address, bip]),
    ...plan.backends.map(({ address }) => address),
    ...plan.vips.map(({ address }) => address),
  ])
}

t.test('the default plan', async (t) => {
  const result = defaultConfig()
  assert.ok(result.ok)
  const plan = planCluster(result.config, result.config.block, KEY)
  t.same(plan.api, { address: '127.20.0.254', port: 7070 })
  t.equal(plan.clientPool, '127.20.100.0/22')
  t.same(
    plan.vips.map(({ name, address, port, listen, lbs }) => [name, address, port, listen.address, lbs.join()]),
    [
      ['web', '127.20.10.1', 8080, '127.20.10.1', 'lb-1,lb-2,lb-3,lb-4'],
      ['api', '127.20.10.2', 8080, '127.20.10.2', 'lb-1,lb-2,lb-3'],
    ],
  )
  t.same(
    plan.backends.map(({ name, address, port }) => `${name} ${address}:${port}`),
    [
      'backend-1 127.20.3.1:8080',
      'backend-2 127.20.3.2:8080',
      'backend-3 127.20.3.3:8080',
      'backend-4 127.20.3.4:8080',
    ],
  )
  const lb4 = plan.lbs[3]
  assert.ok(lb4)
  t.match(lb4, { name: 'lb-4', id: 4, address: '127.20.1.4', bip: '127.20.2.4', vips: ['127.20.10.1'] })
  t.same(lb4.cables, {
    uplink: { peer: 'uplink', address: '127.20.0.1', port: 4701, memberLinks: 1 },
    downlink: { peer: 'downlink', address: '127.20.0.2', port: 4702, memberLinks: 1 },
  })
  t.match(lb4.bgp, {
    port: 1790,
    as: 65100,
    holdTime: 9,
    uplink: { address: '127.20.0.1', as: 65000 },
    downlink: { address: '127.20.0.2', as: 65001 },
    nextHop: null,
  })
  t.same(
    lb4.services.map(({ name, backends }) => [name, backends.map(({ address }) => address).join()]),
    [
      ['web', '127.20.3.1,127.20.3.2,127.20.3.3,127.20.3.4'],
      ['api', '127.20.3.1,127.20.3.2,127.20.3.3,127.20.3.4'],
    ],
    'every LB knows all services, carried or not',
  )
  t.same(plan.uplink.bgp.neighbors[3], {
    name: 'lb-4',
    address: '127.20.1.4',
    as: 65100,
    portId: 4,
    port: 1790,
    holdTime: 9,
    nextHop: null,
    exports: ['connected'],
    allowedPrefixes: ['127.20.10.1/32', '127.20.10.2/32'],
    passive: true,
    prefixLimit: 100,
    bfd: plan.lbs[3]?.bfd,
  })
  t.match(plan.lbs[3]?.bfd, {
    intervalMs: 300,
    multiplier: 3,
    multihop: false,
    authentication: { type: 'meticulous-keyed-sha1', keyId: 1, key: /^[0-9a-f]{40}$/ },
  })
  t.notOk(JSON.stringify(plan.lbs[3]?.bfd).includes(plan.lbs[3]!.clusterKey), "the key is not the cluster's own")
  t.same(plan.uplink.bgp.announce, ['0.0.0.0/0'])
  t.same(plan.downlink.bgp.neighbors[3]?.allowedPrefixes, ['127.20.2.4/32'])
  t.same(plan.downlink.bgp.announce, ['127.20.3.0/24'])
  t.same(plan.downlink.edge.kind === 'server' && plan.downlink.edge.prefixes, ['127.20.3.0/24'])
})

t.test('line cards: both switches have as many, and each cable has a member link for each', async (t) => {
  const plan = planOf('lineCards: 3')
  t.strictSame(
    plan.switches.map(({ lineCards }) => lineCards),
    [3, 3],
  )
  for (const { cables } of plan.lbs) t.strictSame([cables.uplink.memberLinks, cables.downlink.memberLinks], [3, 3])
  t.notOk(loadConfig('lineCards: 17', 'c.yaml', {}).ok)
  t.notOk(loadConfig('lineCards: 0', 'c.yaml', {}).ok)
  t.notOk(loadConfig('lineCards: 2\necmp: { selection: resilient }', 'c.yaml', {}).ok, 'its buckets are not shared')
  t.ok(loadConfig('lineCards: 2\necmp: { selection: maglev }', 'c.yaml', {}).ok)
})

t.test('LBs differ in their own name and addresses only', async (t) => {
  const [first, second] = planOf('vips: [{name: a}]').lbs
  t.same(second, { ...first, name: 'lb-2', id: 2, address: '127.20.1.2', bip: '127.20.2.2' })
})

t.test('clusters of 1, 4, 64 and 250 LBs', async (t) => {
  for (const lbs of [1, 4, 64, 250]) {
    const plan = planOf('', undefined, { lbs, backends: lbs })
    t.equal(plan.lbs.length, lbs)
    t.equal(addressesOf(plan).size, 3 + 2 * lbs + lbs + 2, 'no address is used twice')
    for (const { ports, bgp } of plan.switches) {
      t.equal(ports.length, lbs)
      t.equal(bgp.neighbors.length, lbs)
    }
    plan.lbs.forEach((lb, i) => {
      const port = plan.uplink.ports[i]
      if (lb.name !== port?.peer || lb.id !== port.id) t.fail(`${lb.name} is not on port ${port?.id}`)
    })
  }
})

t.test('two blocks never share an address', async (t) => {
  const octet = fc.integer({ min: 1, max: 254 })
  fc.assert(
    fc.property(octet, octet, fc.integer({ min: 1, max: 250 }), (a, b, lbs) => {
      fc.pre(a !== b)
      const one = addressesOf(planOf('', `127.${a}.0.0/16`, { lbs }))
      for (const address of addressesOf(planOf('', `127.${b}.0.0/16`, { lbs }))) assert.ok(!one.has(address), address)
    }),
    { numRuns: 30 },
  )
  t.pass()
})

t.test('there is room for 1,016 VIPs, each with an address of its own', async (t) => {
  const vips = (count: number): string =>
    `vips: [${Array.from({ length: count }, (_, i) => `{name: v${i + 1}}`).join(', ')}]`
  const { vips: planned } = planOf(vips(1_016))
  t.same(
    [0, 253, 254, 1_015].map((i) => planned[i]!.address),
    ['127.20.10.1', '127.20.10.254', '127.20.11.1', '127.20.13.254'],
  )
  t.equal(new Set(planned.map(({ address }) => address)).size, 1_016)
  const again = planned.map(({ name, address }) => `{name: ${name}, address: ${address}}`)
  t.equal(planOf(`vips: [${again.join(', ')}]`).vips.length, 1_016, 'and each may be configured')
})

t.test('servers, neighbours and next hops of the user', async (t) => {
  const plan = planOf(
    [
      'backends:',
      '  - {name: nginx, address: 127.0.0.1, port: 80}',
      '  - {name: node, address: 127.0.0.1, port: 3000}',
      '  - {name: inside, address: 127.20.3.9, port: 80}',
      'vips:',
      '  - {name: web, address: 198.18.0.1, expose: "127.0.0.1:8081", backends: [node]}',
      'bgp:',
      '  nextHops: 198.18.1.0/24',
      '  neighbors: [{name: bird, switch: downlink, address: 127.0.0.9, as: 65200, allowedPrefixes: [198.18.0.0/15]}]',
    ].join('\n'),
  )
  t.same(plan.backends, [], 'none is ours to start')
  t.same(plan.downlink.bgp.announce, ['127.20.3.0/24', '127.0.0.1/32'])
  t.same(plan.lbs[0]?.services[0]?.backends, [{ name: 'node', address: '127.0.0.1', port: 3000, weight: 1 }])
  t.equal(plan.lbs[2]?.bgp.nextHop, '198.18.1.3')
  t.same(plan.vips[0]?.listen, { address: '127.0.0.1', port: 8081 })
  t.match(plan.uplink.edge, { services: [{ address: '198.18.0.1', port: 8080, listen: { port: 8081 } }] })
  t.equal(plan.uplink.bgp.neighbors.length, 4)
  t.same(plan.downlink.bgp.neighbors[4], {
    name: 'bird',
    address: '127.0.0.9',
    as: 65200,
    portId: null,
    port: 1790,
    holdTime: 9,
    nextHop: null,
    exports: [],
    allowedPrefixes: ['198.18.0.0/15'],
    passive: false,
    prefixLimit: 100,
  })
})

t.test('an external neighbour gets its configured routes, with its own port, next hop and hold time', async (t) => {
  const neighbor = (text: string) =>
    planOf(`bgp: { neighbors: [{ name: n, address: 127.20.9.1, as: 64999, ${text} }] }`)
  const uplink = (text: string) => neighbor(`switch: uplink, ${text}`).uplink.bgp.neighbors[4]
  t.same(uplink('export: none')?.exports, [])
  t.same(uplink('export: default')?.exports, ['connected'])
  t.same(uplink('export: [vips, default, vips]')?.exports, ['forwarded', 'connected'])
  t.same(neighbor('switch: downlink, export: backends').downlink.bgp.neighbors[4]?.exports, ['connected'])
  t.match(uplink('nextHop: 198.19.0.1, port: 179, holdTime: 90s'), { nextHop: '198.19.0.1', port: 179, holdTime: 90 })
})

t.test('a backend has weight 1 by default, whatever its name', async (t) => {
  const plan = planOf(`backends:
  - { name: constructor, address: 127.0.0.1, port: 3000 }
  - { name: node, address: 127.0.0.1, port: 3001 }
vips: [{ name: web, policy: random, weights: { node: 3 } }]
`)
  t.match(plan.lbs[0]?.services[0]?.backends, [
    { name: 'constructor', weight: 1 },
    { name: 'node', weight: 3 },
  ])
})

t.test('a UDP VIP puts no PROXY header into the connections of another VIP', async (t) => {
  const proxiedBy = (protocol: string) => {
    const { edge } = planOf(`backends: 2
vips:
  - { name: a, protocol: ${protocol}, backends: [backend-1], clientAddress: proxy-v2 }
  - { name: b, port: 81, backends: [backend-1] }
`).downlink
    return edge.kind === 'server' ? edge.proxyProtocol : undefined
  }
  t.same(proxiedBy('udp'), [])
  t.same(proxiedBy('tcp'), [{ address: '127.20.3.1', port: 8080 }])
})

t.test('a free block is one that nobody listens in', async (t) => {
  const block = await findFreeBlock()
  t.match(block, /^127\.\d+\.0\.0\/16$/)
  const { uplink } = planOf('', block)
  const server = createServer()
  t.teardown(() => server.close())
  await new Promise<void>((resolve) => server.listen(uplink.cablePort, uplink.address, resolve))
  t.pass(`${uplink.address} can be bound`)
  const taken = Array.from({ length: 250 }, (_, i) => `127.${i + 1}.0.9`).filter((address) => address !== '127.77.0.9')
  t.equal(await findFreeBlock(taken), '127.77.0.0/16', 'and that has no address of others')
  await t.rejects(findFreeBlock([...taken, '127.77.0.9']), /no block .* is free/)
})
