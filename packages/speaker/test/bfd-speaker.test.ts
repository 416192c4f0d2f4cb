// BFD over real UDP on loopback addresses.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { encodeControlPacket } from '@fivetuple/bfd'
import type { BfdFilter, BfdPeer } from '@fivetuple/speaker'
import t, { type Test } from 'tap'
import { claimBlock } from './claim-block.js'
import { WatchedBfd } from './watched-bfd.js'
import { anyNeighbor, WatchedSpeaker } from './watched-speaker.js'

const block = await claimBlock()
/** Detection times that a busy machine does not reach by itself. */
const SLOW = { intervalMs: 300, multiplier: 10, multihop: false, authentication: null }
const KEY = { type: 'meticulous-keyed-sha1', keyId: 3, key: Buffer.from('secret').toString('hex') } as const

let hosts = 1
/** Two speakers that peer with each other, named a and b. */
async function pair(t: Test, settings: Partial<BfdPeer> = {}, filter?: BfdFilter) {
  const [a, b] = [`${block}.${hosts++}`, `${block}.${hosts++}`]
  const ends = {
    a: new WatchedBfd(a, [{ name: 'b', address: b, ...SLOW, ...settings }], filter),
    b: new WatchedBfd(b, [{ name: 'a', address: a, ...SLOW, ...settings }]),
  }
  t.teardown(() => Promise.all([ends.a.speaker.close(), ends.b.speaker.close()]))
  await Promise.all([ends.a.speaker.start(), ends.b.speaker.start()])
  return { ...ends, addresses: [a, b] as const }
}

for (const [name, settings] of [
  ['single hop', {}],
  ['multihop', { multihop: true }],
  ['authenticated', { authentication: KEY }],
] as const)
  t.test(`${name}: Up, AdminDown, and Up again on a new carrier`, async (t) => {
    const { a, b } = await pair(t, settings)
    await Promise.all([a.until(({ state }) => state === 'up'), b.until(({ state }) => state === 'up', 'a')])
    await a.until(({ transmitIntervalMs, detectionTimeMs }) => transmitIntervalMs === 300 && detectionTimeMs === 3_000)
    t.match(a.session(), { remoteState: 'up', path: 'working', downs: 0, lastDown: null, discarded: {} })
    t.ok(a.session().upMs! >= 0)

    a.speaker.setLink('b', false)
    t.match(a.session(), { state: 'down', path: 'unknown', diagnostic: 'path down', downs: 0 })
    b.speaker.setLink('a', false)
    a.speaker.setLink('b', true)
    b.speaker.setLink('a', true)
    await Promise.all([a.until(({ state }) => state === 'up'), b.until(({ state }) => state === 'up', 'a')])

    b.speaker.disable()
    await a.until(({ remoteState }) => remoteState === 'admin-down')
    t.match(a.session(), { state: 'down', path: 'unknown', remoteDiagnostic: 'administratively down', downs: 0 })
    t.notMatch(a.paths.join(), /failed/)
  })

t.test('loss of one direction is a failure at both ends, and its end restores the path', async (t) => {
  let loses = false
  const { a, b } = await pair(t, { intervalMs: 50, multiplier: 5 }, (_peer, direction, datagram, pass) => {
    if (!loses || direction === 'in') pass(datagram)
  })
  await Promise.all([a.until(({ state }) => state === 'up'), b.until(({ state }) => state === 'up', 'a')])
  await b.until(({ detectionTimeMs }) => detectionTimeMs === 250, 'a')
  loses = true
  await b.until(({ path }) => path === 'failed', 'a')
  t.match(b.session('a'), { downs: 1, lastDown: { reason: 'no packet for 250 ms' } })
  t.equal(b.session('a').diagnostic, 'control detection time expired')
  await a.until(({ path }) => path === 'failed')
  t.match(a.session(), { downs: 1, diagnostic: 'neighbor signaled session down' })
  loses = false
  await Promise.all([a.until(({ path }) => path === 'working'), b.until(({ path }) => path === 'working', 'a')])
})

t.test('datagrams of strangers, forged ones and floods change nothing and are counted', async (t) => {
  const { a, addresses } = await pair(t)
  await a.until(({ state }) => state === 'up')
  const stranger = await datagrams(t, `${block}.200`)
  const forger = await datagrams(t, addresses[1]) // the address of b, at another port
  const down = { state: 'down', diagnostic: 0, poll: false, final: false, controlPlaneIndependent: false } as const
  const packet = encodeControlPacket({
    ...down,
    demand: false,
    detectMultiplier: 3,
    myDiscriminator: 7,
    yourDiscriminator: 0x1234_5678,
    desiredMinTxUs: 1,
    requiredMinRxUs: 1,
    requiredMinEchoRxUs: 0,
  })
  for (const bytes of [packet, Buffer.alloc(0), Buffer.alloc(24), Buffer.alloc(1_472, 0xff)]) {
    await stranger(bytes, addresses[0])
    await forger(bytes, addresses[0])
  }
  for (let i = 0; i < 1_000; i++) void forger(Buffer.alloc(24, 0x20), addresses[0])
  await a.until(() => {
    const { unknownPeers, unknownDiscriminators } = a.speaker.status()
    return unknownPeers === 4 && unknownDiscriminators >= 100
  })
  t.equal(a.session().state, 'up')
  t.match(a.session(), { path: 'working', downs: 0, discarded: { truncated: 1, version: 1 } })
})

t.test('Demand mode of a peer is refused in the open, and packets go on', async (t) => {
  const [ours, theirs] = [`${block}.210`, `${block}.211`]
  const a = new WatchedBfd(ours, [{ name: 'b', address: theirs, ...SLOW }])
  t.teardown(() => a.speaker.close())
  await a.speaker.start()
  const send = await datagrams(t, theirs)
  const packet = {
    diagnostic: 0,
    poll: false,
    final: false,
    controlPlaneIndependent: false,
    demand: true,
    detectMultiplier: 10,
    myDiscriminator: 7,
    desiredMinTxUs: 300_000,
    requiredMinRxUs: 300_000,
    requiredMinEchoRxUs: 0,
  } as const
  await send(encodeControlPacket({ ...packet, state: 'down', yourDiscriminator: 0 }), ours)
  await a.until(({ state }) => state === 'init')
  t.equal(a.session().demandRefused, 1)
  const { sent } = a.session()
  await a.until((session) => session.sent >= sent + 2)
})

t.test('an address that is in use is refused with the remedy', async (t) => {
  const { addresses } = await pair(t)
  const second = new WatchedBfd(addresses[0], [{ name: 'b', address: addresses[1], ...SLOW }])
  t.teardown(() => second.speaker.close())
  await t.rejects(second.speaker.start(), /BFD can't bind .*:3784 \(EADDRINUSE\).*strict bind.*bfd: off/)
  t.throws(
    () =>
      new WatchedBfd(
        addresses[0],
        [1, 2].map((i) => ({ name: `${i}`, address: addresses[1], ...SLOW })),
      ),
  )
})

t.test('without peers it opens no socket', async (t) => {
  const { addresses } = await pair(t)
  const none = new WatchedBfd(addresses[0], [])
  await none.speaker.start()
  t.same(none.speaker.status().sessions, [])
  await none.speaker.close()
})

t.test('a failed path ends BGP at once, and BGP comes back with the path', async (t) => {
  const [a, b] = [`${block}.101`, `${block}.102`]
  const switchSide = new WatchedSpeaker({
    localAddress: a,
    as: 65_000,
    neighbors: [anyNeighbor('lb', b, 65_001, { passive: true })],
  })
  const lbSide = new WatchedSpeaker({
    localAddress: b,
    as: 65_001,
    listen: false,
    neighbors: [anyNeighbor('switch', a, 65_000)],
  })
  t.teardown(() => Promise.all([switchSide, lbSide].map(({ speaker }) => speaker.stop())))
  await Promise.all([switchSide.speaker.start(), lbSide.speaker.start()])
  await switchSide.untilState('lb', 'established')
  await lbSide.untilState('switch', 'established')

  switchSide.speaker.setPath('lb', 'no packet for 900 ms')
  t.match(switchSide.session('lb').lastError, {
    direction: 'sent',
    text: 'Cease, BFD down (6/10): no packet for 900 ms',
  })
  await lbSide.until(() => lbSide.session('switch').lastError?.subcode === 10)
  await lbSide.until(() => switchSide.speaker.refusals().connections > 0) // which wakes at each attempt
  t.match(switchSide.speaker.refusals().recentConnections, [{ reason: /^BFD reports that the path .* has failed$/ }])
  t.not(switchSide.session('lb').state, 'established')
  switchSide.speaker.setLink('lb', false)
  switchSide.speaker.setLink('lb', true)
  t.equal(switchSide.session('lb').state, 'idle', 'carrier alone does not restore the path')

  switchSide.speaker.setPath('lb', undefined)
  await switchSide.untilState('lb', 'established')
})

/** Sends datagrams from an address to the port of single-hop sessions. */
async function datagrams(t: Test, address: string) {
  const socket = createSocket('udp4')
  t.teardown(() => socket.close())
  socket.bind({ address, port: 0, exclusive: true })
  await once(socket, 'listening')
  return (bytes: Uint8Array, to: string) =>
    new Promise<void>((resolve) => socket.send(bytes, 3_784, to, () => resolve()))
}
