import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { IPV4_HEADER_BYTES, ipv4TotalLength, writeIpv4Header } from '@fivetuple/packet'
import { type Cable, type CableDialler, type CableHandlers, dialCable, listenCables } from '@fivetuple/runtime'
import t, { type Test } from 'tap'

const ADDRESS = '127.43.0.1'
const KEY = Buffer.from('00112233445566778899aabbccddeeff', 'hex')

/** A packet of `length` bytes whose payload is `fill`. */
function packet(length: number, fill: number): Uint8Array {
  const b = new Uint8Array(length).fill(fill)
  writeIpv4Header(b, 0, length, 64, 17, 0x7f000001, 0x7f000002)
  return b
}

/** A packet in short: comparing 65,535 numbers one by one takes seconds. */
function digest(b: Uint8Array): string {
  return `${b.length} ${createHash('sha256').update(b).digest('hex')}`
}

interface End {
  readonly handlers: CableHandlers
  readonly packets: Uint8Array[]
  readonly downs: string[]
  readonly up: Promise<Cable>
}

/** Handlers that keep copies of the packets. */
function end(onPacket: () => void = () => {}): End {
  const packets: Uint8Array[] = []
  const downs: string[] = []
  let comeUp: (cable: Cable) => void = () => {}
  const up = new Promise<Cable>((resolve) => {
    comeUp = resolve
  })
  const handlers: CableHandlers = {
    onUp: (cable) => comeUp(cable),
    onPackets: (b, start, stop) => {
      for (let o = start; o < stop; o += ipv4TotalLength(b, o)) {
        packets.push(b.slice(o, o + ipv4TotalLength(b, o)))
        onPacket()
      }
    },
    onDown: (_cable, reason) => downs.push(reason),
    onUnblocked: () => {},
    isBufferFree: () => true,
  }
  return { handlers, packets, downs, up }
}

function until(condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (condition()) resolve()
      else setImmediate(look)
    }
    look()
  })
}

let nextPort = 4800
async function plug(t: Test, key: Uint8Array = KEY, peerName = 'uplink') {
  const port = nextPort++
  const switchEnd = end()
  const lbEnd = end()
  const refused: string[] = []
  const listener = await listenCables({
    address: ADDRESS,
    port,
    key: KEY,
    name: 'uplink',
    admit: ({ name, port }) => (name === 'lb-1' && port === 1 ? undefined : `port ${port} is not for ${name}`),
    handlers: () => switchEnd.handlers,
    onRefused: (_remote, reason) => refused.push(reason),
  })
  let dialler: CableDialler | undefined
  const dial = (name = 'lb-1'): CableDialler => {
    dialler = dialCable({
      localAddress: '127.43.1.1',
      address: ADDRESS,
      port,
      key,
      name,
      switchPort: 1,
      peerName,
      handlers: lbEnd.handlers,
    })
    return dialler
  }
  t.teardown(async () => {
    dialler?.close()
    await listener.close()
  })
  return { port, switchEnd, lbEnd, refused, dial, listener }
}

t.test('packets of all sizes cross in both directions, in order', async (t) => {
  const { switchEnd, lbEnd, dial } = await plug(t)
  dial()
  const [atSwitch, atLb] = await Promise.all([switchEnd.up, lbEnd.up])
  t.same(atSwitch.peer, { name: 'lb-1', port: 1 })
  t.same(atLb.peer, { name: 'uplink', port: 1 })
  const sent = [20, 21, 40, 1500, 65_535, 20, 30_000, 65_535, 65_535, 100].map((length, i) => packet(length, i + 1))
  for (const p of sent) atSwitch.output.writeCopy(p, 0, p.length)
  for (const p of sent) atLb.output.writeOwned(p, 0, p.length)
  await until(() => switchEnd.packets.length === sent.length && lbEnd.packets.length === sent.length)
  t.same(switchEnd.packets.map(digest), sent.map(digest))
  t.same(lbEnd.packets.map(digest), sent.map(digest))
  t.ok(atSwitch.output.idle)
})

t.test('reserve, writeCopy and writeOwned keep their order in one batch', async (t) => {
  const { switchEnd, lbEnd, dial } = await plug(t)
  dial()
  const atLb = await lbEnd.up
  await switchEnd.up
  const a = packet(100, 1)
  const b = packet(40_000, 2)
  const c = packet(60, 3)
  atLb.output.writeCopy(a, 0, a.length)
  atLb.output.writeOwned(b, 0, b.length)
  const o = atLb.output.reserve(c.length)
  atLb.output.buffer.set(c, o)
  await until(() => switchEnd.packets.length === 3)
  t.same(switchEnd.packets.map(digest), [a, b, c].map(digest))
})

t.test('writes while corked leave with uncork, and later turns are unaffected', async (t) => {
  const { switchEnd, lbEnd, dial } = await plug(t)
  dial()
  const { output } = await lbEnd.up
  await switchEnd.up
  const p = packet(100, 1)
  const put = (): void => output.writeCopy(p, 0, p.length)
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const before = output.writes
  output.cork()
  put()
  put()
  await turn()
  t.equal(output.writes, before, 'not before')
  output.uncork()
  t.equal(output.writes, before + 1, 'at once, and together')
  await turn()
  t.equal(output.writes, before + 1)
  put()
  output.cork()
  put()
  output.uncork()
  t.equal(output.writes, before + 2, 'with what was put in before')
  put()
  await turn()
  t.equal(output.writes, before + 3)
  output.cork()
  output.uncork()
  put()
  await turn()
  t.equal(output.writes, before + 4)
  await until(() => switchEnd.packets.length === 6)
})

t.test('a paused reader blocks the writer at a bounded queue, and nothing is lost', async (t) => {
  const { switchEnd, lbEnd, dial } = await plug(t)
  dial()
  const [atSwitch, atLb] = await Promise.all([switchEnd.up, lbEnd.up])
  atLb.pause()
  const chunk = packet(50_000, 7)
  const hash = createHash('sha256')
  let sent = 0
  while (!atSwitch.output.blocked && sent < 2000) {
    atSwitch.output.writeCopy(chunk, 0, chunk.length)
    hash.update(chunk)
    sent++
    if (sent % 10 === 0) await new Promise(setImmediate)
  }
  t.ok(atSwitch.output.blocked, `blocked after ${sent} packets`)
  t.ok(atSwitch.output.queuedBytes < 2 * 1024 * 1024)
  atLb.resume()
  await until(() => lbEnd.packets.length === sent)
  const got = createHash('sha256')
  for (const p of lbEnd.packets) got.update(p)
  t.equal(got.digest('hex'), hash.digest('hex'))
  t.notOk(atSwitch.output.blocked)
})

t.test('whoever has seen a full queue is told when it is not, however fast it has drained', async (t) => {
  const { switchEnd, lbEnd, dial } = await plug(t)
  let told = 0
  lbEnd.handlers.onUnblocked = () => told++
  dial()
  const [, atLb] = await Promise.all([switchEnd.up, lbEnd.up])
  const chunk = packet(60_000, 7)
  for (let round = 1; round <= 3; round++) {
    let sent = 0
    for (; !atLb.output.blocked; sent++) atLb.output.writeCopy(chunk, 0, chunk.length)
    await until(() => told === round && switchEnd.packets.length === sent)
    switchEnd.packets.length = 0
  }
  t.equal(told, 3)
})

t.test('an unplugged cable is plugged in again by the dialling side', async (t) => {
  const { switchEnd, lbEnd, dial } = await plug(t)
  let ups = 0
  const up = lbEnd.handlers.onUp
  lbEnd.handlers.onUp = (cable) => {
    ups++
    up(cable)
  }
  dial()
  const atSwitch = await switchEnd.up
  atSwitch.close('pulled out')
  await until(() => ups === 2)
  t.same(switchEnd.downs, ['pulled out'])
  t.equal(lbEnd.downs.length, 1)
})

t.test('only who knows the key and belongs in the port gets a carrier', async (t) => {
  await t.test('a wrong key', async (t) => {
    const { lbEnd, refused, switchEnd, dial } = await plug(t, Buffer.from('a wrong key, as long as the other'))
    dial()
    await until(() => lbEnd.downs.length > 0 && refused.length > 0)
    t.match(lbEnd.downs[0], /does not know the cluster key/)
    t.same(switchEnd.packets.map(digest), [])
  })
  await t.test('a wrong name', async (t) => {
    const { refused, dial } = await plug(t)
    dial('lb-2')
    await until(() => refused.length > 0)
    t.match(refused[0], /not for lb-2/)
  })
  await t.test('the wrong switch', async (t) => {
    const { lbEnd, dial } = await plug(t, KEY, 'downlink')
    dial()
    await until(() => lbEnd.downs.length > 0)
    t.match(lbEnd.downs[0], /the other end is uplink, not downlink/)
  })
})

t.test('hostile bytes end their own connection and nothing else', async (t) => {
  const { port, switchEnd, lbEnd, refused, dial } = await plug(t)
  dial()
  const [, atLb] = await Promise.all([switchEnd.up, lbEnd.up])
  const strangers: Socket[] = []
  for (const bytes of [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    randomBytes(1000),
    Buffer.alloc(300),
    Buffer.from('5tpl'),
  ]) {
    const socket = connect(port, ADDRESS)
    strangers.push(socket)
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write(bytes)
  }
  await until(() => refused.length === 3)
  t.strictSame([...new Set(refused)], ['not a cable hello'])
  strangers.at(-1)?.destroy()
  const p = packet(99, 9)
  atLb.output.writeCopy(p, 0, p.length)
  await until(() => switchEnd.packets.length === 1)
  t.same(switchEnd.packets.map(digest), [p].map(digest))
})

t.test('bytes that are no packets bring the cable down after the packets before them', async (t) => {
  const { switchEnd, lbEnd, dial } = await plug(t)
  dial()
  const atLb = await lbEnd.up
  await switchEnd.up
  const good = packet(IPV4_HEADER_BYTES, 1)
  const bad = new Uint8Array(40).fill(0xff)
  atLb.output.writeCopy(good, 0, good.length)
  atLb.output.writeCopy(bad, 0, bad.length)
  await until(() => switchEnd.downs.length === 1)
  t.same(switchEnd.packets.map(digest), [good].map(digest))
  t.same(switchEnd.downs, ['bytes that are no IPv4 packet'])
})

t.test('a listener that answers with rubbish is given up on and dialled again', async (t) => {
  let accepted = 0
  const server = createServer((socket) => {
    accepted++
    socket.on('error', () => {})
    socket.end(randomBytes(500))
  })
  server.listen(0, ADDRESS)
  await once(server, 'listening')
  const lbEnd = end()
  const dialler = dialCable({
    localAddress: '127.43.1.1',
    address: ADDRESS,
    port: (server.address() as { port: number }).port,
    key: KEY,
    name: 'lb-1',
    switchPort: 1,
    peerName: 'uplink',
    handlers: lbEnd.handlers,
  })
  await until(() => accepted >= 2)
  dialler.close()
  server.close()
  t.match(lbEnd.downs[0], /not a cable hello/)
})

t.test('a dialler that knows the key gets in, however many others hold connections', async (t) => {
  const port = nextPort++
  const refusals: string[] = []
  const switchEnd = end()
  const listener = await listenCables({
    address: ADDRESS,
    port,
    key: KEY,
    name: 'uplink',
    admit: () => undefined,
    handlers: () => switchEnd.handlers,
    onRefused: (_remote, reason) => refusals.push(reason),
  })
  const strangers = await Promise.all(Array.from({ length: 300 }, () => idle(port)))
  const lbEnd = end()
  const dialler = dialCable({
    localAddress: ADDRESS,
    address: ADDRESS,
    port,
    key: KEY,
    name: 'lb-1',
    switchPort: 1,
    peerName: 'uplink',
    handlers: lbEnd.handlers,
  })
  t.teardown(async () => {
    dialler.close()
    for (const socket of strangers) socket.destroy()
    await listener.close()
  })
  await lbEnd.up
  t.same(lbEnd.downs, [], 'it is let in the first time')
  await until(() => refusals.length === 300)
  t.ok(refusals.filter((reason) => /too many/.test(reason)).length >= 172, 'the oldest made room')
})

/** A connection that says nothing. */
async function idle(port: number): Promise<Socket> {
  const socket = connect({ host: ADDRESS, port })
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}
