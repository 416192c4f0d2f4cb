import { tcpOptions } from '@fivetuple/tcp'
import t from 'tap'
import { Flight } from '../dist/flight.js'
import { Rack } from '../dist/rack.js'
import { RoundTrip } from '../dist/round-trip.js'

const MSS = 100
const RTT_MS = 40

/** Ten segments in flight, one sent each ms, on a path of 40 ms. */
function inFlight(): { flight: Flight; rack: Rack; roundTrip: RoundTrip } {
  const roundTrip = new RoundTrip(tcpOptions())
  roundTrip.sample(RTT_MS, 0)
  const flight = new Flight(0)
  const rack = new Rack(roundTrip, 0)
  for (let i = 0; i < 10; i++) flight.send(MSS, MSS, i)
  return { flight, rack, roundTrip }
}

/** Indexes of the segments that count as lost. */
function lost(flight: Flight): number[] {
  return Array.from({ length: flight.end }, (_, i) => i).filter((i) => (flight.marks(i) & 2) !== 0)
}

t.test('RFC 8985 §6.2: a segment is lost when a later one was delivered and the window has passed', async (t) => {
  const { flight, rack } = inFlight()
  flight.sack(MSS, 2 * MSS, rack, 41)
  t.equal(rack.detect(flight, false, 41), 9, 'a quarter of the round trip, less the ms between both')
  t.strictSame(lost(flight), [])
  t.equal(rack.detect(flight, false, 50), 0)
  t.strictSame(lost(flight), [0])
  t.equal(flight.pipe, 8 * MSS)
})

t.test('three SACKed segments need no reordering window, as duplicate ACKs do', async (t) => {
  const { flight, rack } = inFlight()
  flight.sack(MSS, 4 * MSS, rack, 43)
  t.equal(rack.detect(flight, false, 43), 0)
  t.strictSame(lost(flight), [0])
})

t.test('once reordering has been seen, the window is kept, and D-SACKs widen it', async (t) => {
  const { flight, rack } = inFlight()
  flight.sack(2 * MSS, 3 * MSS, rack, 42)
  flight.acknowledge(3 * MSS, rack, 43)
  t.ok(rack.hasReordering)
  flight.sack(4 * MSS, 9 * MSS, rack, 48)
  t.equal(rack.detect(flight, false, 48), 5, 'sent at 3, RACK.rtt 40, window 10: lost at 53')
  rack.retransmissionWasSpurious(flight)
  t.equal(rack.detect(flight, false, 48), 15)
  rack.retransmissionWasSpurious(flight)
  t.equal(rack.detect(flight, false, 48), 15, 'once per round trip')
  for (let i = 0; i < 16; i++) rack.recoveryEnded()
  t.equal(rack.detect(flight, false, 48), 5, 'reset after 16 recoveries')
})

t.test('the window is at most the smoothed round trip', async (t) => {
  const { flight, rack } = inFlight()
  flight.sack(2 * MSS, 3 * MSS, rack, 42)
  flight.acknowledge(3 * MSS, rack, 43)
  for (let i = 0; i < 20; i++) {
    flight.send(MSS, MSS, 43)
    rack.retransmissionWasSpurious(flight)
    flight.acknowledge(flight.next, rack, 83)
  }
  flight.send(MSS, MSS, 100)
  flight.send(MSS, MSS, 101)
  flight.sack(flight.startOf(flight.end - 1), flight.next, rack, 141)
  t.equal(rack.detect(flight, false, 141), 39)
})

t.test('of segments sent in the same moment, a retransmission is the later one', async (t) => {
  const { flight, rack } = inFlight()
  flight.sack(MSS, 10 * MSS, rack, 50)
  rack.detect(flight, false, 50)
  flight.send(MSS, MSS, 50)
  flight.retransmit(0, 1, 50)
  flight.sack(10 * MSS, 11 * MSS, rack, 90)
  rack.detect(flight, true, 90)
  t.strictSame(lost(flight), [])
})

t.test('RFC 8985 §6.3: a timeout takes the first segment, and those that are overdue', async (t) => {
  const { flight, rack } = inFlight()
  flight.send(MSS, MSS, 195)
  rack.detectOnTimeout(flight, 200)
  t.strictSame(lost(flight), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 'no round trip is known to RACK')
  const other = inFlight()
  other.flight.send(MSS, MSS, 195)
  other.flight.sack(4 * MSS, 5 * MSS, other.rack, 44)
  other.rack.detectOnTimeout(other.flight, 200)
  t.strictSame(lost(other.flight), [0, 1, 2, 3, 5, 6, 7, 8, 9])
})

t.test('scoreboard: bytes in the network, through losses, SACKs and partial ACKs', async (t) => {
  const { flight, rack } = inFlight()
  t.equal(flight.pipe, 1_000)
  flight.sack(300, 500, rack, 45)
  t.equal(flight.pipe, 800)
  flight.markLost(0)
  flight.markLost(1)
  t.equal(flight.pipe, 600)
  t.equal(flight.firstLost(), 0)
  flight.retransmit(0, 1, 46)
  t.strictSame([flight.pipe, flight.firstLost()], [700, 1])
  flight.sack(350, 450, rack, 47)
  t.equal(flight.sacked, 200, 'a block within segments marks none')
  flight.acknowledge(150, rack, 48)
  t.strictSame([flight.una, flight.bytes, flight.lost], [150, 850, 50])
  flight.acknowledge(1_000, rack, 49)
  t.strictSame([flight.pipe, flight.sacked, flight.lost, flight.bytes], [0, 0, 0, 0])
})
