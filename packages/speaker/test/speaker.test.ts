import { createConnection, createServer } from 'node:net'
import { SegmentType } from '@fivetuple/bgp'
import { formatIpv4, hostPrefix, parseIpv4, parsePrefix } from '@fivetuple/packet'
import { Speaker } from '@fivetuple/speaker'
import t from 'tap'
import { claimBlock } from './claim-block.js'
import { anyNeighbor, WatchedSpeaker } from './watched-speaker.js'

const block = await claimBlock()
const SWITCH = `${block}.1`
const LB1 = `${block}.11`
const LB2 = `${block}.12`
const VIP = parsePrefix('127.41.10.1/32')!

const lb = (address: string, as: number, more = {}) =>
  new WatchedSpeaker({
    localAddress: address,
    as,
    listen: false,
    neighbors: [anyNeighbor('switch', SWITCH, 65_000, more)],
  })

t.test('a switch and two LBs: routes come, share a prefix, and go', async (t) => {
  const uplink = new WatchedSpeaker({
    localAddress: SWITCH,
    as: 65_000,
    neighbors: [
      anyNeighbor('lb-1', LB1, 65_001, { passive: true }),
      anyNeighbor('lb-2', LB2, 65_002, { passive: true }),
    ],
  })
  const lb1 = lb(LB1, 65_001)
  const lb2 = lb(LB2, 65_002, { linkUp: false })
  t.teardown(() => Promise.all([uplink, lb1, lb2].map(({ speaker }) => speaker.stop())))
  uplink.speaker.announce('all', { prefix: parsePrefix('127.41.100.0/22')! })
  lb1.speaker.announce('switch', { prefix: VIP })
  lb2.speaker.announce('switch', { prefix: VIP }, { prefix: hostPrefix(parseIpv4('127.41.10.2')!), med: 7 })
  await Promise.all([uplink, lb1, lb2].map(({ speaker }) => speaker.start()))

  await uplink.untilRoute('127.41.10.1/32', 'lb-1')
  await lb1.untilRoute('127.41.100.0/22', 'switch')
  t.equal(lb2.session('switch').state, 'idle', 'no carrier, no session')
  t.equal(formatIpv4(uplink.speaker.snapshot().get(VIP)!.best.attributes.nextHop), LB1)

  lb2.speaker.setLink('switch', true)
  await uplink.untilRoute('127.41.10.1/32', 'lb-1', 'lb-2')
  t.match(uplink.session('lb-2'), { state: 'established', prefixesIn: 2, prefixesOut: 1, holdTime: 9 })
  t.ok(uplink.session('lb-2').establishedMs! >= 0)
  t.equal(uplink.speaker.snapshot().get(hostPrefix(parseIpv4('127.41.10.2')!))?.cost, 7)

  lb1.speaker.withdraw('switch', VIP)
  await uplink.untilRoute('127.41.10.1/32', 'lb-2')
  uplink.speaker.setLink('lb-2', false)
  await uplink.untilRoute('127.41.10.1/32')
  t.same(uplink.prefixes(), [])
  uplink.speaker.setLink('lb-2', true)
  await uplink.untilRoute('127.41.10.1/32', 'lb-2')

  await lb2.speaker.stop()
  await uplink.untilRoute('127.41.10.1/32')
  t.match(uplink.session('lb-2').lastError, { direction: 'received', code: 6, subcode: 2 })
  t.match(uplink.session('lb-2'), { notificationsIn: 1 })
})

t.test('neighbours come and go while the speaker runs', async (t) => {
  const a = new WatchedSpeaker({ localAddress: `${block}.21`, as: 65_001, neighbors: [] })
  const b = new WatchedSpeaker({ localAddress: `${block}.22`, as: 65_002, neighbors: [] })
  t.teardown(() => Promise.all([a, b].map(({ speaker }) => speaker.stop())))
  await Promise.all([a.speaker.start(), b.speaker.start()])
  a.speaker.announce('all', { prefix: VIP })
  a.speaker.addNeighbor(anyNeighbor('b', `${block}.22`, 65_002))
  b.speaker.addNeighbor(anyNeighbor('a', `${block}.21`, 65_001))
  await b.untilRoute('127.41.10.1/32', 'a')
  t.equal(b.session('a').state, 'established', 'both have dialled, one connection is left')
  a.speaker.removeNeighbor('b')
  await b.untilRoute('127.41.10.1/32')
  t.match(b.session('a').lastError, { direction: 'received', text: 'Cease, peer de-configured (6/3)' })
  t.same(a.speaker.sessions(), [])
  t.throws(() => a.speaker.setLink('b', true), RangeError)
})

t.test('more prefixes than allowed end the session; others are not touched', async (t) => {
  const address = `${block}.31`
  const uplink = new WatchedSpeaker({
    localAddress: address,
    as: 65_000,
    neighbors: [
      anyNeighbor('greedy', `${block}.32`, 65_001, { passive: true, prefixLimit: 10 }),
      anyNeighbor('good', `${block}.33`, 65_002, { passive: true, allowedPrefixes: [parsePrefix('127.41.10.0/24')!] }),
    ],
  })
  const node = (local: string, as: number) =>
    new WatchedSpeaker({
      localAddress: local,
      as,
      listen: false,
      neighbors: [anyNeighbor('switch', address, 65_000)],
    })
  const greedy = node(`${block}.32`, 65_001)
  const good = node(`${block}.33`, 65_002)
  t.teardown(() => Promise.all([uplink, greedy, good].map(({ speaker }) => speaker.stop())))
  good.speaker.announce('switch', { prefix: VIP }, { prefix: parsePrefix('10.0.0.0/8')! })
  await Promise.all([uplink, good].map(({ speaker }) => speaker.start()))
  await uplink.untilRoute('127.41.10.1/32', 'good')
  t.same(uplink.prefixes(), ['127.41.10.1/32'], 'what it may not announce is not taken')

  greedy.speaker.announce('switch', ...Array.from({ length: 11 }, (_, i) => ({ prefix: hostPrefix(i + 1) })))
  await greedy.speaker.start()
  await greedy.until(() => greedy.session('switch').lastError?.code === 6)
  t.match(uplink.session('greedy').lastError, {
    direction: 'sent',
    text: /^Cease, maximum number of prefixes reached \(6\/1\): greedy announces more than the 10 prefixes/,
  })
  t.match(greedy.session('switch').lastError, { direction: 'received', text: /the limit is 10$/ })
  t.match(uplink.session('greedy').lastRefused, { cause: 'overLimit' })
  t.same(uplink.prefixes(), ['127.41.10.1/32'])
  t.equal(uplink.session('good').notificationsOut, 0)
  t.match(uplink.speaker.refusals(), { notAllowed: 1, firstAs: 0, loop: 0, malformed: 0, overLimit: 1, connections: 0 })
})

t.test('a large table is transferred at once, and reported at most once per turn', async (t) => {
  const many = Array.from({ length: 20_000 }, (_, i) => ({ prefix: hostPrefix(0xc612_0000 + i) }))
  const sink = new WatchedSpeaker({
    localAddress: `${block}.41`,
    as: 65_000,
    neighbors: [anyNeighbor('source', `${block}.42`, 65_001, { passive: true, prefixLimit: 20_000 })],
  })
  const source = new WatchedSpeaker({
    localAddress: `${block}.42`,
    as: 65_001,
    listen: false,
    neighbors: [anyNeighbor('sink', `${block}.41`, 65_000)],
  })
  t.teardown(() => Promise.all([sink, source].map(({ speaker }) => speaker.stop())))
  source.speaker.announce('sink', ...many)
  await Promise.all([sink.speaker.start(), source.speaker.start()])
  await sink.until(() => sink.speaker.snapshot().size === 20_000)
  t.ok(sink.routesCalls <= 26, `${sink.routesCalls} calls`)
  t.ok(source.session('sink').updatesOut <= 26, 'some 800 prefixes fit into a message')
})

t.test('stop frees the address, and does not wait for a peer that does not close', async (t) => {
  const address = `${block}.51`
  const speaker = new WatchedSpeaker({
    localAddress: address,
    as: 65_000,
    neighbors: [anyNeighbor('stubborn', `${block}.52`, 65_001, { passive: true })],
  })
  await speaker.speaker.start()
  const socket = createConnection({
    host: address,
    port: 1790,
    localAddress: `${block}.52`,
    allowHalfOpen: true,
  })
  const closed = new Promise((resolve) => socket.on('error', () => {}).on('close', resolve))
  await speaker.untilState('stubborn', 'open-sent')
  socket.pause()
  await speaker.speaker.stop()
  const again = new WatchedSpeaker({ localAddress: address, as: 65_000, neighbors: [] })
  await t.resolves(again.speaker.start())
  await again.speaker.stop()
  socket.destroy()
  await closed
})

t.test('configurations that make no sense are refused by name', (t) => {
  const make = (...neighbors: ReturnType<typeof anyNeighbor>[]) => {
    const { speaker } = new WatchedSpeaker({ localAddress: `${block}.61`, as: 65_000, listen: false, neighbors })
    return speaker
  }
  t.throws(() => make(anyNeighbor('x', 'localhost', 65_001)), /neighbour x: localhost is no dotted quad/)
  for (const port of [0, 65_536, 1.5])
    t.throws(
      () => make({ ...anyNeighbor('x', '127.66.0.9', 65_001), port }),
      new RegExp(`neighbour x: port ${port} cannot be dialled`),
    )
  t.throws(() => make(anyNeighbor('x', '127.0.0.2', 65_000)), /internal BGP/)
  t.throws(() => make(anyNeighbor('x', '127.0.0.2', 65_001, { passive: true })), /neither would dial/)
  t.throws(() => make(anyNeighbor('x', '127.0.0.2', 65_001, { nextHop: 'x' })), /next hop x/)
  t.throws(() => make(anyNeighbor('all', '127.0.0.2', 65_001)), /stands for all/)
  const one = anyNeighbor('x', '127.0.0.2', 65_001)
  t.throws(() => make(one, one), /of this name/)
  t.throws(() => make(one, { ...one, name: 'y' }), /another neighbour's/)
  t.type(make(one), Speaker)
  t.end()
})

t.test('another program on the BGP port is named with its remedy', async (t) => {
  const address = `${block}.51`
  const daemon = createServer()
  await new Promise<void>((resolve) => daemon.listen(1790, address, resolve))
  t.teardown(() => daemon.close())
  const speaker = new WatchedSpeaker({ localAddress: address, as: 65_000, neighbors: [] })
  await t.rejects(speaker.speaker.start(), {
    message: new RegExp(`^${address}:1790 is in use.*a routing daemon that listens on all addresses.*strict bind`),
  })
})

t.test('each neighbour has its own hold time, and learned routes keep their AS_PATH', async (t) => {
  const address = `${block}.61`
  const transit = new WatchedSpeaker({
    localAddress: address,
    as: 65_000,
    neighbors: [
      anyNeighbor('slow', `${block}.62`, 65_001, { passive: true, holdTime: 90 }),
      anyNeighbor('fast', `${block}.63`, 65_002, { passive: true, holdTime: 3 }),
    ],
  })
  const node = (local: string, as: number) =>
    new WatchedSpeaker({
      localAddress: local,
      as,
      holdTime: 180,
      listen: false,
      neighbors: [anyNeighbor('transit', address, 65_000)],
    })
  const [slow, fast] = [node(`${block}.62`, 65_001), node(`${block}.63`, 65_002)]
  t.teardown(() => Promise.all([transit, slow, fast].map(({ speaker }) => speaker.stop())))
  const asPath = [{ type: SegmentType.AS_SEQUENCE, asns: [65_007, 65_008] }]
  transit.speaker.announce('slow', { prefix: VIP, asPath })
  await Promise.all([transit, slow, fast].map(({ speaker }) => speaker.start()))
  await slow.untilRoute('127.41.10.1/32', 'transit')
  const path = slow.speaker.snapshot().get(VIP)!.best.attributes.asPath
  t.same(
    path.flatMap(({ asns }) => asns),
    [65_000, 65_007, 65_008],
  )
  await transit.untilState('fast', 'established')
  t.same([transit.session('slow').holdTime, transit.session('fast').holdTime], [90, 3])
})

t.test('a failed dial does not hide why the session ended', async (t) => {
  const [here, there] = [`${block}.71`, `${block}.72`]
  const us = new WatchedSpeaker({
    localAddress: here,
    as: 65_000,
    listen: false,
    neighbors: [anyNeighbor('them', there, 65_001)],
  })
  const them = new WatchedSpeaker({
    localAddress: there,
    as: 65_001,
    neighbors: [anyNeighbor('us', here, 65_000, { passive: true })],
  })
  t.teardown(() => us.speaker.stop())
  await Promise.all([us, them].map(({ speaker }) => speaker.start()))
  await us.untilState('them', 'established')
  await them.speaker.stop()
  const failed = `nothing listens on ${there}:1790 (ECONNREFUSED)`
  await us.until(() => us.session('them').attemptError?.text === failed)
  t.match(us.session('them').attemptError, { direction: null, code: null })
  t.match(us.session('them').lastError, { direction: 'received', text: 'Cease, administrative shutdown (6/2)' })
})
