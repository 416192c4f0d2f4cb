import { parseIpv4 } from '@fivetuple/packet'
import { decodeAdvertisement, encodeAdvertisement } from '@fivetuple/vrrp'
import t, { type Test } from 'tap'
import { ADVER_INTERVAL_MS, BarePeer, createNode, type Node, PORT, sealed, until } from './lan.js'

const [ONE, TWO, THREE] = ['127.70.1.1', '127.70.1.2', '127.70.1.3'] as const
const STRANGER = '127.70.1.9'
const VIP = '127.70.10.1'
const OTHER_VIP = '127.70.10.2'
const vip = parseIpv4(VIP)!

async function startAll(nodes: readonly Node[]): Promise<void> {
  for (const { redundancy } of nodes) {
    await redundancy.start()
    redundancy.setLink(true)
  }
}

async function threeNodes(t: Test, vips: readonly string[] = [VIP]): Promise<readonly [Node, Node, Node]> {
  const all = [ONE, TWO, THREE]
  const nodes = [
    createNode(t, ONE, all, vips, { priority: 200 }),
    createNode(t, TWO, all, vips),
    createNode(t, THREE, all, vips, { priority: 150 }),
  ] as const
  await startAll(nodes)
  return nodes
}

const carriers = (nodes: readonly Node[], address = vip): string[] =>
  nodes.filter(({ addresses }) => addresses.has(address)).map(({ address }) => address)
const untilCarried = (nodes: readonly Node[], by: string): Promise<void> =>
  until(
    () =>
      carriers(nodes).join() === by &&
      nodes.every(({ redundancy }) => redundancy.status().elections[0]!.activeRouter === by),
    `${by} carries the VIP and all know it`,
  )

t.test('one of three carries the VIP: the best that there is', async (t) => {
  const nodes = await threeNodes(t)
  t.same(carriers(nodes), [], 'nobody before the election')
  await untilCarried(nodes, ONE)
  t.same(
    nodes.map(({ redundancy }) => redundancy.status().elections[0]!.state),
    ['active', 'backup', 'backup'],
  )
  t.same(nodes[1].placement.inhibitorsOf(vip), ['standby'])

  await nodes[0].redundancy.stop()
  t.same(carriers([nodes[0]]), [], 'it has taken the VIP off its interface')
  await untilCarried(nodes.slice(1), THREE)
  t.same(
    nodes.map(({ redundancy }) => redundancy.status().elections[0]!.state),
    ['initialize', 'backup', 'active'],
  )
})

t.test('a cable that is pulled, and put back', async (t) => {
  const nodes = await threeNodes(t, [VIP, OTHER_VIP])
  await untilCarried(nodes, ONE)
  nodes[0].redundancy.setLink(false)
  t.same(carriers([nodes[0]]), [], 'at once')
  t.equal(nodes[0].redundancy.status().elections[0]!.state, 'initialize')
  await untilCarried(nodes.slice(1), THREE)
  const { sent, received } = nodes[0].redundancy.status()
  await until(() => nodes[1].redundancy.status().received > 20, 'some time has passed')
  t.match(nodes[0].redundancy.status(), { sent, received }, 'behind a dead cable it neither says nor hears anything')

  nodes[0].redundancy.setLink(true)
  await untilCarried(nodes, ONE)
  t.same(carriers(nodes, parseIpv4(OTHER_VIP)!), [ONE], 'both VIPs, each by its own election')
  t.same(
    nodes[0].changes.filter(({ address }) => address === VIP).map(({ state }) => state),
    ['backup', 'active', 'initialize', 'backup', 'active'],
  )
})

t.test('an LB that cannot serve does not take part', async (t) => {
  const nodes = await threeNodes(t)
  await untilCarried(nodes, ONE)
  nodes[0].placement.inhibit(vip, 'no-healthy-backend', true)
  nodes[0].redundancy.refresh()
  nodes[2].placement.want(vip, false)
  nodes[2].redundancy.refresh()
  await until(() => carriers(nodes).join() === TWO, 'the only one that is left')
  nodes[0].placement.inhibit(vip, 'no-healthy-backend', false)
  t.same(carriers([nodes[0]]), [], 'being fit is not enough')
  nodes[0].redundancy.refresh()
  await until(() => carriers(nodes).join() === ONE, 'it is elected again')
})

t.test('the advertisements, and the last one', async (t) => {
  const peer = await BarePeer.bind(t, TWO)
  const node = createNode(t, ONE, [ONE, TWO], [VIP])
  await startAll([node])
  await until(() => peer.heard.length >= 2, 'it advertises')
  await node.redundancy.stop()
  await until(() => peer.heard.some(({ datagram }) => datagram[2] === 0), 'it has resigned')
  const priorities: number[] = []
  let lastStamp = 0n
  for (const { datagram, from } of peer.heard) {
    t.match(from, { address: ONE, port: PORT })
    const message = datagram.subarray(0, -24)
    const stamp = datagram.readBigUInt64BE(message.length)
    t.ok(stamp > lastStamp)
    lastStamp = stamp
    t.ok(datagram.equals(sealed(message, ONE, TWO, stamp)))
    const decoded = decodeAdvertisement(message)
    t.match(decoded, { ok: true, value: { vrid: 1, adverIntervalMs: ADVER_INTERVAL_MS, addresses: [vip] } })
    if (decoded.ok) priorities.push(decoded.value.priority)
  }
  t.same([...new Set(priorities)], [100, 0])
  t.equal(priorities.indexOf(0), priorities.length - 1, 'once, at the end')
})

t.test('what does not count', async (t) => {
  const peer = await BarePeer.bind(t, TWO)
  const otherPort = await BarePeer.bind(t, TWO, 0)
  const stranger = await BarePeer.bind(t, STRANGER)
  const node = createNode(t, ONE, [ONE, TWO], [VIP])
  await startAll([node])
  await until(() => carriers([node]).length === 1 && peer.heard.length > 0, 'it carries the VIP, and says so')

  const superior = encodeAdvertisement({ vrid: 1, priority: 250, adverIntervalMs: 50, addresses: [vip] })
  const of = (vrid: number): Uint8Array =>
    encodeAdvertisement({ vrid, priority: 250, adverIntervalMs: 50, addresses: [vip] })
  const now = (): bigint => process.hrtime.bigint()
  const flipped = sealed(superior, TWO, ONE, now())
  flipped[2]! ^= 1
  const inferior = sealed(
    encodeAdvertisement({ vrid: 1, priority: 1, adverIntervalMs: 50, addresses: [vip] }),
    TWO,
    ONE,
    now(),
  )
  await stranger.advertise(superior, ONE)
  await stranger.send(sealed(superior, TWO, ONE, now()), ONE)
  await otherPort.advertise(superior, ONE)
  await peer.send(superior, ONE)
  await peer.send(Buffer.alloc(0), ONE)
  await peer.send(Buffer.alloc(65_000, 0x31), ONE)
  await peer.send(flipped, ONE)
  await peer.send(sealed(superior, TWO, ONE, now(), Buffer.alloc(32, 8)), ONE)
  await peer.send(sealed(superior, TWO, THREE, now()), ONE)
  await peer.send(peer.heard[0]!.datagram, ONE)
  await peer.advertise(superior, ONE, now() - 5_000_000_000n)
  await peer.advertise(superior, ONE, now() + 5_000_000_000n)
  await peer.advertise(superior, ONE, 2n ** 64n - 1n)
  await peer.send(inferior, ONE)
  await peer.send(inferior, ONE)
  await peer.advertise(of(2), ONE)
  await peer.advertise(Buffer.alloc(0), ONE)
  await peer.advertise(superior.subarray(0, 11), ONE)
  await peer.advertise(Buffer.concat([superior, superior]), ONE)
  const refused = {
    stranger: 3,
    truncated: 4, // too short for a trailer twice, for an advertisement twice
    unproven: 5,
    stale: 4,
    'unknown-vrid': 1,
    'trailing-bytes': 1,
  }
  const total = Object.values(refused).reduce((sum, n) => sum + n, 0)
  const count = (): number => Object.values(node.redundancy.status().refused).reduce((sum, n) => sum + n, 0)
  await until(() => count() >= total, 'all of them are counted')
  t.same(node.redundancy.status().refused, refused)
  t.equal(node.redundancy.status().received, 1, 'the inferior one, once')
  t.equal(node.redundancy.status().elections[0]!.state, 'active', 'nothing of it has moved the VIP')

  await peer.advertise(superior, ONE)
  await until(() => carriers([node]).length === 0, 'the same in good order does')
  t.equal(node.redundancy.status().elections[0]!.activeRouter, TWO)
})

t.test('a process that was stopped does not mistake its own pause for silence', async (t) => {
  const peer = await BarePeer.bind(t, TWO)
  const node = createNode(t, ONE, [ONE, TWO], [VIP])
  await startAll([node])
  const superior = encodeAdvertisement({ vrid: 1, priority: 250, adverIntervalMs: ADVER_INTERVAL_MS, addresses: [vip] })
  await peer.advertise(superior, ONE)
  await until(() => node.redundancy.status().received === 1, 'it follows')
  await peer.advertise(superior, ONE)
  const pause = new Int32Array(new SharedArrayBuffer(4))
  Atomics.wait(pause, 0, 0, 5 * ADVER_INTERVAL_MS)
  await until(() => node.redundancy.status().received === 2, 'it has read what came in the pause')
  t.same(carriers([node]), [])
  t.same(
    node.changes.map(({ state }) => state),
    ['backup'],
  )
})

t.test('an address that is taken', async (t) => {
  await BarePeer.bind(t, THREE)
  const node = createNode(t, THREE, [ONE], [VIP])
  await t.rejects(node.redundancy.start(), { message: /^127\.70\.1\.3:1112 is in use/ })
})
