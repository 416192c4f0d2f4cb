import { strict as assert } from 'node:assert'
import { isInPanicMode } from '@fivetuple/lb-node'
import { TcpFlag } from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { tcpPacket } from './packets.js'
import { BACKENDS, endsOf, Rig, VIP } from './rig.js'

const syn = (client: string) => tcpPacket(client, VIP, { flags: TcpFlag.SYN, sequence: 77 })

const backend = fc.record({
  spec: fc.record({ weight: fc.constantFrom(0, 1, 256) }),
  isDrained: fc.boolean(),
  isHealthy: fc.boolean(),
})
const backends = fc.array(backend, { maxLength: 20 })
const percent = fc.nat(100)

t.test('panic mode begins below the threshold, not at it', async (t) => {
  const of = (healthy: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({ spec: { weight: 1 }, isDrained: false, isHealthy: i < healthy }))
  for (const [healthy, count, panicThreshold, expected] of [
    [2, 4, 50, false],
    [1, 4, 50, true],
    [1, 2, 50, false],
    [3, 4, 100, true],
    [4, 4, 100, false],
    [1, 100, 0, false],
    [1, 100, 1, false],
  ] as const)
    t.equal(
      isInPanicMode(of(healthy, count), true, { panicThreshold, panicsWhenDown: false }),
      expected,
      `${healthy} of ${count} healthy, threshold ${panicThreshold} %`,
    )
})

t.test('what the threshold means, against a naive twin', async () => {
  fc.assert(
    fc.property(backends, fc.boolean(), percent, fc.boolean(), (backends, isUp, panicThreshold, panicsWhenDown) => {
      const takers = backends.filter(({ spec, isDrained }) => spec.weight > 0 && !isDrained)
      const share = (100 * takers.filter(({ isHealthy }) => isHealthy).length) / takers.length
      const expected = takers.length > 0 && (isUp && share > 0 ? share < panicThreshold : panicsWhenDown)
      assert.equal(isInPanicMode(backends, isUp, { panicThreshold, panicsWhenDown }), expected)
    }),
  )
})

t.test('a drained backend or one of weight 0 neither counts nor gets flows in panic mode', async () => {
  const health = fc.record({ isHealthy: fc.boolean(), isDrained: fc.boolean() })
  fc.assert(
    fc.property(fc.tuple(health, health, health), percent, fc.boolean(), (states, panicThreshold, isUp) => {
      const rig = new Rig({}, { backends: 3, service: { panic: { panicThreshold, panicsWhenDown: false } } })
      const service = rig.service('web')
      states.forEach((state, i) => {
        rig.forwarder.setBackend(service.spec, service.backends[i]!.address, service.backends[i]!.port, state)
      })
      rig.forwarder.setServiceUp(service.spec, isUp)
      for (const backend of service.backends) {
        const mayTakeFlows = service.isInPanic || (isUp && backend.isHealthy)
        assert.equal(backend.eligible, !backend.isDrained && mayTakeFlows)
      }
    }),
  )
})

t.test('in panic mode new flows go to unhealthy backends too, and are counted', async (t) => {
  const rig = new Rig({}, { service: { panic: { panicThreshold: 60, panicsWhenDown: false } } })
  const service = rig.service('web')
  const targets = (from: number) =>
    new Set([0, 1, 2, 3].map((i) => endsOf(rig.fromClient(syn(`127.20.100.9:${from + i}`)).on[0]!).to))
  t.same(targets(1_000), new Set(BACKENDS))
  rig.admit(VIP, BACKENDS[0], false)
  t.match(service, { isInPanic: true, flowsInPanic: 0 }, 'one of two is less than 60 %')
  t.same(targets(2_000), new Set(BACKENDS))
  t.equal(service.flowsInPanic, 4)
  rig.admit(VIP, BACKENDS[0], true)
  t.match(service, { isInPanic: false, flowsInPanic: 4 })
  rig.forwarder.setServiceUp(service.spec, false)
  t.equal(service.isInPanic, false, 'a service that is down is left to noBackend')
  t.equal(rig.fromClient(syn('127.20.100.9:3000')).on.length, 0)
  t.equal(
    rig.fromClient(tcpPacket('127.20.100.9:2000', VIP, { flags: TcpFlag.ACK })).on.length,
    1,
    'established flows go on',
  )
})
