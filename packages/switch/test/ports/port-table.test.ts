import { EventEmitter, on, once } from 'node:events'
import { type CableHandlers, type CableIdentity, dialCable, listenCables } from '@fivetuple/runtime'
import t, { type Test } from 'tap'
import { PortTable } from '../../dist/ports/port-table.js'

const KEY = Buffer.from('00112233445566778899aabbccddeeff', 'hex')
const SWITCH = '127.91.0.9'
const LB = '127.91.1.9'
const FIRST_PORT = 4900
const LB_2: CableIdentity = { name: 'lb-2', port: 2 }
let nextPort = FIRST_PORT

/** A table with one listener and an LB that dials port 2 of it; what happens is told as events, both ends apart. */
async function plugIn(t: Test, table: PortTable, admit = (peer: CableIdentity) => table.refusal(peer)) {
  const port = nextPort++
  const [atSwitch, atLb] = [new EventEmitter(), new EventEmitter()]
  const listener = await listenCables({
    address: SWITCH,
    port,
    key: KEY,
    name: 'uplink',
    admit,
    handlers: () => {
      let plugged: ReturnType<PortTable['plug']>
      return {
        onUp: (cable) => {
          plugged = table.plug(cable)
          atSwitch.emit('up', plugged?.id)
        },
        onDown: (cable, reason) => {
          plugged?.port.unplug(cable)
          atSwitch.emit('down', reason)
        },
        onPackets: () => {},
        onUnblocked: () => {},
      }
    },
    onRefused: (_remote, reason) => atSwitch.emit('refused', reason),
  })
  const handlers: CableHandlers = {
    onUp: () => atLb.emit('up'),
    onDown: (_cable, reason) => atLb.emit('down', reason),
    onPackets: () => {},
    onUnblocked: () => {},
  }
  const dialler = dialCable({
    localAddress: LB,
    address: SWITCH,
    port,
    key: KEY,
    name: 'lb-2',
    switchPort: 2,
    peerName: 'uplink',
    handlers,
  })
  t.teardown(async () => {
    dialler.close()
    await listener.close()
  })
  return { atSwitch, atLb }
}

const table = (isAdminDown = false) =>
  new PortTable([
    { id: 1, peer: 'lb-1' },
    { id: 2, peer: 'lb-2', isAdminDown },
  ])

t.test('which LB may plug in at which port', async (t) => {
  const ports = table()
  t.equal(ports.refusal(LB_2), undefined)
  t.equal(ports.refusal({ name: 'lb-2', port: 1 }), 'port 1 belongs to lb-1, not to lb-2')
  t.equal(ports.refusal({ name: 'lb-2', port: 3 }), 'there is no port 3')
  ports.setAdminDown(2, true)
  t.equal(ports.refusal(LB_2), 'port 2 is administratively down')
  t.equal(ports.refusal({ name: 'lb-1', port: 1 }), undefined, 'no other port is touched')
  ports.setAdminDown(2, false)
  t.equal(ports.refusal(LB_2), undefined)
  t.equal(table(true).refusal(LB_2), 'port 2 is administratively down', 'a configuration can say so, too')
  t.throws(() => ports.setAdminDown(3, true), /there is no port 3/)
})

t.test('a port that is taken down takes the carrier from both ends, refuses redials, and comes back up', async (t) => {
  const ports = table()
  const { atSwitch, atLb } = await plugIn(t, ports)
  await Promise.all([once(atSwitch, 'up'), once(atLb, 'up')])
  t.equal(ports.get(2)?.port.isUp, true)
  const [downs, refusals] = [once(atLb, 'down'), on(atSwitch, 'refused')]
  const atOnce: string[] = []
  atSwitch.once('down', (reason) => atOnce.push(reason))
  ports.setAdminDown(2, true)
  t.strictSame(atOnce, ['administratively down'])
  t.equal(ports.get(2)?.port.isUp, false)
  t.strictSame(await downs, ['closed by the other end'])
  // Enough redials for the dialler's longest pause to be reached.
  for (let i = 0; i < 5; i++) t.strictSame((await refusals.next()).value, ['port 2 is administratively down'])
  ports.setAdminDown(2, false)
  await Promise.all([once(atSwitch, 'up'), once(atLb, 'up')])
  t.equal(ports.get(2)?.port.isUp, true)
})

t.test('a cable that was admitted and comes up after its port was taken down is closed', async (t) => {
  const ports = table()
  const { atSwitch } = await plugIn(t, ports, (peer) => {
    const refusal = ports.refusal(peer)
    if (refusal === undefined) ports.setAdminDown(2, true)
    return refusal
  })
  t.strictSame(await once(atSwitch, 'down'), ['its port is administratively down'])
  t.equal(ports.get(2)?.port.isUp, false)
})
