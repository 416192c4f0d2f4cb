import { strict as assert } from 'node:assert'
import { IpProtocol, malformedIpv4, TcpFlag, tcpFlags } from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { tcpPacket } from './packets.js'
import { endsOf, Rig, VIP } from './rig.js'

const { SYN, ACK, FIN, RST } = TcpFlag

type Step =
  | { readonly kind: 'client'; readonly flow: number; readonly flags: number }
  | { readonly kind: 'backend'; readonly flow: number; readonly flags: number }
  | { readonly kind: 'wait'; readonly ms: number }

const flow = fc.nat(29)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('client' as const),
      flow,
      flags: fc.constantFrom(SYN, ACK, FIN | ACK, RST),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('backend' as const),
      flow,
      flags: fc.constantFrom(SYN | ACK, ACK, FIN | ACK, RST),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(10, 1_000, 6_000, 70_000) }),
  },
)

/** What one flow looked like outside when it was last translated: the naive twin of the session table. */
interface Outside {
  readonly from: string
  readonly to: string
}

t.test('whatever happens, translation is one to one and leaves nothing behind', async () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 200 }), (steps) => {
      const rig = new Rig({ portRange: [20_000, 20_024] })
      const outside = new Map<string, Outside>()
      const opening = new Set<string>()
      const toBackends = (packets: readonly Uint8Array[]): void => {
        for (const packet of packets) {
          const { from, to } = endsOf(packet)
          if (tcpFlags(packet, 20) === SYN) opening.add(`${from} ${to}`)
          if (tcpFlags(packet, 20) === RST) opening.delete(`${from} ${to}`)
        }
      }
      for (const s of steps) {
        if (s.kind === 'wait') {
          toBackends(rig.advance(s.ms))
        } else if (s.kind === 'client') {
          const client = `127.20.100.1:${5_000 + s.flow}`
          const { on, back } = rig.fromClient(tcpPacket(client, VIP, { flags: s.flags, checksum: true }))
          toBackends(on)
          // A SYN that is moved to another backend is taken back from the one before.
          const isMoved = s.flags === SYN && on.length === 2 && tcpFlags(on[0]!, 20) === RST
          assert(on.length + back.length <= (isMoved ? 2 : 1), 'one packet in, at most one out')
          for (const packet of [...on, ...back]) assert.equal(malformedIpv4(packet, 0, packet.length), undefined)
          for (const packet of on) outside.set(client, endsOf(packet))
        } else {
          const client = `127.20.100.1:${5_000 + s.flow}`
          const ends = outside.get(client)
          if (ends === undefined) continue
          if (s.flags === RST || s.flags === (SYN | ACK)) opening.delete(`${ends.from} ${ends.to}`)
          const { on, back } = rig.fromBackend(tcpPacket(ends.to, ends.from, { flags: s.flags }))
          toBackends(back)
          for (const packet of on) {
            const { from, to } = endsOf(packet)
            assert.equal(from, VIP)
            // The port may have passed to a newer flow; then that flow's outside is the same.
            assert.deepEqual(outside.get(to), ends)
          }
        }
        check(rig)
      }
      toBackends(rig.advance(1_000_000))
      assert.equal(rig.forwarder.sessionCount, 0)
      assert.deepEqual([...opening], [], 'no backend is left with a SYN whose session is gone')
      for (const { sessions, backends } of rig.forwarder.services) {
        assert.equal(sessions, 0)
        for (const backend of backends) {
          assert.equal(backend.sessions, 0)
          assert.equal(backend.ports.used, 0)
        }
      }
    }),
    { numRuns: 150 },
  )
})

/** Invariant 3: no two live sessions share BIP:port and backend, and each is found by its client's tuple. */
function check(rig: Rig): void {
  const sessions = rig.forwarder.sessions(rig.now)
  assert.equal(sessions.length, rig.forwarder.sessionCount)
  const outside = new Set(sessions.map((s) => `${s.natPort} ${s.backendAddress}:${s.backendPort}`))
  assert.equal(outside.size, sessions.length)
  for (const s of sessions) {
    const found = rig.forwarder.session(
      {
        sourceAddress: s.clientAddress,
        sourcePort: s.clientPort,
        destinationAddress: s.vipAddress,
        destinationPort: s.vipPort,
        protocol: IpProtocol.TCP,
      },
      rig.now,
    )
    assert.deepEqual(found, s)
  }
}

t.test('arbitrary bytes in a well-framed packet never throw', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 20, maxLength: 80 }), fc.boolean(), (bytes, fromClient) => {
      const packet = Uint8Array.from(bytes)
      // Fields that the framer of a cable has checked: version, header length within the packet, total length.
      packet[0] = 0x45
      packet[2] = 0
      packet[3] = packet.length
      const rig = new Rig()
      const { on, back } = fromClient ? rig.fromClient(packet) : rig.fromBackend(packet)
      for (const out of back) assert.equal(malformedIpv4(out, 0, out.length), undefined)
      assert(on.length <= 1)
    }),
    { numRuns: 500 },
  )
})

t.test('with so many sessions that the LB looks ahead, a run is translated as its packets one by one', async () => {
  const SESSIONS = 9_000
  const clientOf = (i: number): string => `127.20.100.${1 + (i >>> 12)}:${10_000 + (i & 4_095)}`
  const start = () => {
    const rig = new Rig({ unknownFlow: 'drop' })
    const outside: { from: string; to: string }[] = []
    for (let i = 0; i < SESSIONS; i++) {
      const { on } = rig.fromClient(tcpPacket(clientOf(i), VIP, { flags: SYN }))
      outside.push(endsOf(on[0]!))
      rig.fromBackend(tcpPacket(outside[i]!.to, outside[i]!.from, { flags: SYN | ACK }))
      rig.fromClient(tcpPacket(clientOf(i), VIP, { flags: ACK }))
    }
    return { rig, outside }
  }
  const [whole, single] = [start(), start()]
  const packet = fc.record({ flow: fc.nat(SESSIONS + 500), flags: fc.constantFrom(ACK, ACK, ACK, SYN, FIN | ACK, RST) })
  const packets = fc.array(packet, { minLength: 1, maxLength: 150 })
  fc.assert(
    fc.property(packets, fc.boolean(), fc.uint8Array({ maxLength: 60 }), (list, fromClient, noPacket) => {
      const bytes = list.map(({ flow, flags }) => {
        if (fromClient) return tcpPacket(clientOf(flow), VIP, { flags })
        const { from, to } = whole.outside[flow % SESSIONS]!
        return tcpPacket(to, from, { flags })
      })
      const run = Uint8Array.from([...bytes, noPacket].flatMap((part) => [...part]))
      const together = fromClient ? whole.rig.fromClient(run) : whole.rig.fromBackend(run)
      const oneByOne = bytes.map((b) => (fromClient ? single.rig.fromClient(b) : single.rig.fromBackend(b)))
      assert.deepEqual(
        together.on,
        oneByOne.flatMap(({ on }) => on),
      )
    }),
    { numRuns: 100 },
  )
})
