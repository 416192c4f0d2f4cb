import { tcpOptions } from '@fivetuple/tcp'
import t from 'tap'
import { CongestionWindow } from '../dist/congestion/congestion-window.js'
import { ProportionalRate } from '../dist/congestion/proportional-rate.js'
import { TwoHosts } from './two-hosts.js'

const MSS = 1_000
const RTT_MS = 100

function opened(name: 'cubic' | 'new-reno'): CongestionWindow {
  const window = new CongestionWindow(name, MSS)
  window.open(MSS)
  return window
}

/** Acknowledges a whole window, segment by segment, at the end of a round trip. */
function roundTrip(window: CongestionWindow, now: number): void {
  for (let left = Math.floor(window.bytes / MSS); left > 0; left--) window.grow(MSS, RTT_MS, now)
}

for (const name of ['cubic', 'new-reno'] as const) {
  t.test(`${name}: slow start doubles each round trip, up to the threshold`, async (t) => {
    const window = opened(name)
    t.equal(window.bytes, 10 * MSS, 'RFC 6928')
    for (const expected of [20, 40, 80]) {
      roundTrip(window, 0)
      t.equal(window.bytes, expected * MSS)
    }
  })

  t.test(`${name}: limits, and undo`, async (t) => {
    const window = opened(name)
    window.save()
    window.reduce(MSS)
    t.equal(window.threshold, 2 * MSS, 'at least two segments')
    window.collapse()
    t.equal(window.bytes, MSS)
    window.undo()
    t.strictSame([window.bytes, window.threshold], [10 * MSS, Number.POSITIVE_INFINITY])
  })

  t.test(`${name}: a window that was not used for a time is lowered to the initial one`, async (t) => {
    const window = opened(name)
    window.set(100 * MSS)
    window.restart(199, 200)
    t.equal(window.bytes, 100 * MSS)
    window.restart(450, 200)
    t.strictSame([window.bytes, window.threshold], [25 * MSS, Number.POSITIVE_INFINITY])
    window.restart(10_000, 200)
    t.equal(window.bytes, 10 * MSS)
  })

  t.test(`${name}: more grows more, and nothing leaves its range, over any losses`, async (t) => {
    const window = opened(name)
    for (let i = 0; i < 300; i++) {
      const before = window.bytes
      if (i % 37 === 3) {
        window.reduce(window.bytes)
        window.set(window.threshold)
        t.ok(window.bytes < before)
      } else {
        roundTrip(window, i * RTT_MS)
        t.ok(window.bytes >= before)
        t.ok(window.bytes <= 2 * before)
      }
    }
  })
}

t.test('NewReno: one segment per round trip, half the flight at a loss (RFC 5681 §3.1)', async (t) => {
  const window = opened('new-reno')
  window.reduce(40 * MSS)
  window.set(window.threshold)
  t.equal(window.bytes, 20 * MSS)
  for (let i = 1; i <= 5; i++) roundTrip(window, i * RTT_MS)
  t.ok(Math.abs(window.bytes - 25 * MSS) < 0.3 * MSS, `${window.bytes}`)
})

t.test('CUBIC: back at the former window after K, and beyond it (RFC 9438 §4.2)', async (t) => {
  const window = opened('cubic')
  window.set(200 * MSS)
  window.reduce(200 * MSS)
  window.set(window.threshold)
  t.equal(window.bytes, 140 * MSS, 'beta is 0.7')
  // K = cbrt(W_max × (1 − 0.7) / 0.4) = cbrt(150) s
  const K_MS = Math.cbrt(150) * 1_000
  const at = new Map<number, number>()
  for (let i = 0; i <= 120; i++) {
    roundTrip(window, i * RTT_MS)
    at.set(i, window.bytes / MSS)
  }
  const k = Math.round(K_MS / RTT_MS)
  t.ok(Math.abs(at.get(k)! - 200) < 3, `${at.get(k)} segments after K`)
  for (const i of [10, 30, 80, 110]) {
    const cubic = 0.4 * ((i * RTT_MS + RTT_MS - K_MS) / 1_000) ** 3 + 200
    t.ok(Math.abs(at.get(i)! - cubic) < 0.03 * cubic, `${at.get(i)} segments after ${i} round trips: ${cubic}`)
  }
})

t.test('CUBIC: fast convergence (RFC 9438 §4.7), and Reno-friendly growth of small windows (§4.3)', async (t) => {
  const window = opened('cubic')
  window.set(20 * MSS)
  window.reduce(20 * MSS)
  window.set(window.threshold)
  const before = window.bytes
  for (let i = 0; i < 10; i++) roundTrip(window, i * 10)
  const grown = (window.bytes - before) / MSS
  // 3 × 0.3 / 1.7 segments per round trip, where the cubic function is still flat
  t.ok(grown > 4.5 && grown < 6.5, `${grown} segments in ten round trips of 10 ms`)
})

t.test('PRR: as many bytes leave as the new window has, spread over the ACKs (RFC 9937)', async (t) => {
  const rate = new ProportionalRate()
  const flight = 20 * MSS
  const threshold = 10 * MSS
  rate.start(flight)
  // One segment of 20 is lost: 19 ACKs deliver one each.
  let pipe = 19 * MSS
  const sentBy: number[] = []
  let sent = 0
  for (let i = 0; i < 19; i++) {
    pipe -= MSS
    const window = rate.window(MSS, pipe, threshold, MSS, false)
    while (pipe + MSS <= window) {
      pipe += MSS
      sent++
      rate.countSent(MSS)
    }
    sentBy.push(sent)
  }
  t.equal(sentBy[0], 1, 'the retransmission does not wait')
  t.equal(sentBy[9], 5, 'every second ACK sends a segment')
  t.ok(pipe <= threshold && pipe >= threshold - MSS, `${pipe} in flight at the end`)
})

t.test('PRR: after heavy losses the window is filled by slow start, not by a burst', async (t) => {
  const rate = new ProportionalRate()
  rate.start(20 * MSS)
  rate.countSent(MSS)
  const window = rate.window(MSS, 2 * MSS, 10 * MSS, MSS, true)
  t.equal(window - 2 * MSS, 2 * MSS)
})

t.test('the initial window of jumbo segments is above the window of the peer', async (t) => {
  const { windowBytes, mss } = tcpOptions()
  const hosts = new TwoHosts().open()
  t.ok(hosts.client.endpoint!.congestionWindow >= windowBytes)
  t.equal(hosts.client.endpoint!.congestionWindow, 10 * mss)
})
