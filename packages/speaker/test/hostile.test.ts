import { createConnection, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { encodeKeepalive, encodeOpen, MessageFramer, MessageType } from '@fivetuple/bgp'
import { hostPrefix, parsePrefix } from '@fivetuple/packet'
import t, { type Test } from 'tap'
import { claimBlock } from './claim-block.js'
import { anyNeighbor, WatchedSpeaker } from './watched-speaker.js'

const block = await claimBlock()
const SWITCH = `${block}.1`
const GOOD = `${block}.11`
const EVIL = `${block}.66`
const STRANGER = `${block}.99`
const VIP = '127.41.10.1/32'

/** A switch with one well-behaved neighbour in an established session, and one that is somebody else's to play. */
async function withVictim(t: Test): Promise<{ uplink: WatchedSpeaker; assertUnmoved: () => void }> {
  const uplink = new WatchedSpeaker({
    localAddress: SWITCH,
    as: 65_000,
    neighbors: [
      anyNeighbor('good', GOOD, 65_001, { passive: true }),
      anyNeighbor('evil', EVIL, 65_066, { passive: true }),
    ],
  })
  const good = new WatchedSpeaker({
    localAddress: GOOD,
    as: 65_001,
    listen: false,
    neighbors: [anyNeighbor('switch', SWITCH, 65_000)],
  })
  good.speaker.announce('switch', { prefix: parsePrefix(VIP)! })
  await Promise.all([uplink.speaker.start(), good.speaker.start()])
  await uplink.untilRoute(VIP, 'good')
  t.teardown(() => Promise.all([uplink.speaker.stop(), good.speaker.stop()]))
  return {
    uplink,
    assertUnmoved: () => {
      t.match(uplink.session('good'), { state: 'established', lastError: null, notificationsOut: 0 })
      t.same(uplink.via(VIP), ['good'])
    },
  }
}

function dial(from: string): Socket {
  const socket = createConnection({ host: SWITCH, port: 1790, localAddress: from, noDelay: true })
  socket.on('error', () => {}) // a reset is what these connections expect
  return socket
}

function closed(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.on('close', resolve))
}

/** Codes of the NOTIFICATION that ends a connection. */
function notificationOn(socket: Socket): Promise<string> {
  const framer = new MessageFramer()
  let codes = 'none'
  socket.on('data', (bytes) =>
    framer.push(bytes as Buffer, ({ type, body }) => {
      if (type === MessageType.NOTIFICATION) codes = `${body[0]}/${body[1]}`
      return true
    }),
  )
  return new Promise((resolve) => socket.on('close', () => resolve(codes)))
}

t.test('a thousand connections from strangers', async (t) => {
  const { uplink, assertUnmoved } = await withVictim(t)
  const sockets = Array.from({ length: 1_000 }, () => dial(STRANGER))
  await Promise.all(sockets.map((socket) => closed(socket)))
  assertUnmoved()
  const refusals = uplink.speaker.refusals()
  t.ok(refusals.connections > 0)
  t.match(refusals.recentConnections, [
    { address: STRANGER, neighbor: null, reason: 'no neighbour has this address', count: refusals.connections },
  ])
  t.equal(uplink.session('evil').state, 'active')
})

t.test('a crowd of strangers takes no place of a neighbour', async (t) => {
  const { uplink, assertUnmoved } = await withVictim(t)
  const evil = new WatchedSpeaker({
    localAddress: EVIL,
    as: 65_066,
    listen: false,
    neighbors: [anyNeighbor('switch', SWITCH, 65_000)],
  })
  t.teardown(() => evil.speaker.stop())
  const crowd = Array.from({ length: 300 }, () => dial(STRANGER))
  await evil.speaker.start()
  await Promise.all(crowd.map(closed))
  t.equal(uplink.speaker.refusals().connections, crowd.length, 'each of them was seen, and refused')
  await uplink.untilState('evil', 'established')
  assertUnmoved()
})

t.test('garbage from a neighbour’s address', async (t) => {
  const { uplink, assertUnmoved } = await withVictim(t)
  const socket = dial(EVIL)
  const notification = notificationOn(socket)
  socket.write(Buffer.alloc(100_000, 'GET / HTTP/1.1\r\n\r\n'))
  t.equal(await notification, '1/1')
  assertUnmoved()
  t.ok(uplink.states.includes('evil idle'), 'it is idle for a while')
  t.match(uplink.session('evil').lastError, { direction: 'sent', text: /^message header error.*marker/ })
  await uplink.untilState('evil', 'active')
})

t.test('half a message and silence: the newcomer takes the place', async (t) => {
  const { uplink, assertUnmoved } = await withVictim(t)
  const slow = dial(EVIL)
  const slowClosed = closed(slow)
  slow.write(encodeKeepalive().subarray(0, 10))
  await uplink.untilState('evil', 'open-sent')
  const evil = new WatchedSpeaker({
    localAddress: EVIL,
    as: 65_066,
    listen: false,
    neighbors: [anyNeighbor('switch', SWITCH, 65_000)],
  })
  t.teardown(() => evil.speaker.stop())
  await evil.speaker.start()
  await uplink.untilState('evil', 'established')
  await slowClosed
  assertUnmoved()
})

t.test('a second connection does not disturb a session', async (t) => {
  const { uplink, assertUnmoved } = await withVictim(t)
  const refused = uplink.speaker.refusals().connections
  const sockets = Array.from({ length: 50 }, () => dial(GOOD))
  for (const socket of sockets) socket.write(encodeKeepalive())
  await Promise.all(sockets.map((socket) => closed(socket)))
  assertUnmoved()
  t.equal(uplink.speaker.refusals().connections - refused, 50)
  t.match(uplink.speaker.refusals().recentConnections[0], { address: GOOD, neighbor: 'good', reason: /is established/ })
})

t.test('a session byte by byte, and one that never reads', async (t) => {
  const { uplink, assertUnmoved } = await withVictim(t)
  const socket = dial(EVIL)
  socket.pause()
  const open = encodeOpen({
    as: 65_066,
    holdTime: 3,
    routerId: 66,
    fourOctetAs: false,
    routeRefresh: false,
    families: [],
  })
  for (const byte of [...open, ...encodeKeepalive()]) socket.write(Uint8Array.of(byte))
  await uplink.untilState('evil', 'established')
  const updatesOut = () => uplink.session('evil').updatesOut
  // A MED of its own for each route, and so a message of its own: much to send for little work.
  const announceAll = (round: number) =>
    uplink.speaker.announce(
      'evil',
      ...Array.from({ length: 2_000 }, (_, i) => ({ prefix: hostPrefix(0xc612_0000 + i), med: round * 2_000 + i })),
    )
  // The kernel takes a few megabytes, and then nothing is queued any more.
  let rounds = 0
  for (let before = -1; before !== updatesOut() && rounds < 1_000; rounds++) {
    before = updatesOut()
    announceAll(rounds)
    await nextTurn() // the other sessions go on meanwhile
  }
  t.ok(rounds < 1_000, `full after ${rounds} rounds`)
  const sent = updatesOut()
  for (let i = 0; i < 20; i++) announceAll(rounds + i)
  t.equal(updatesOut(), sent)
  await uplink.until(() => uplink.session('evil').state !== 'established')
  t.match(uplink.session('evil').lastError, { direction: 'sent', text: /^(send )?hold timer expired/ })
  assertUnmoved()
  socket.destroy()
})
