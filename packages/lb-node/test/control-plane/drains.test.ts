import { IpProtocol } from '@fivetuple/packet'
import t from 'tap'
import { Drains } from '../../dist/control-plane/drains.js'
import { udpPacket } from '../data-plane/packets.js'
import { Rig } from '../data-plane/rig.js'

t.test('a drain waits for UDP sessions for two seconds, from its begin', async (t) => {
  const rig = new Rig()
  const service = rig.service('dns')
  t.equal(service.spec.protocol, IpProtocol.UDP)
  rig.fromClient(udpPacket('127.20.100.7:40000', '127.20.10.1:5353', new Uint8Array(1)))
  const backend = service.backends.find(({ sessions }) => sessions === 1)!
  const drains = new Drains()
  t.equal(drains.sessionsOf(backend, 0), 1, 'no drain')
  drains.setBackend(backend.spec.name, true, 1_000)
  drains.setBackend(backend.spec.name, true, 2_500)
  t.equal(drains.sessionsOf(backend, 2_999), 1)
  t.equal(drains.sessionsOf(backend, 3_000), 0, 'the second command has not begun it anew')
  drains.setBackend(backend.spec.name, false, 3_000)
  t.equal(drains.sessionsOf(backend, 9_000), 1)
  drains.beginLb(5_000)
  t.equal(drains.sessionsOfLb(rig.forwarder.services, 6_999), 1)
  t.equal(drains.sessionsOfLb(rig.forwarder.services, 7_000), 0)
})
