import { drawMeasurements, type Measurement, renderMeasurements, takeoverOf } from '@fivetuple/bench'
import { evennessOf, outagesOf, type ProbeReport, quantilesOf, type Slot } from '@fivetuple/client'
import t from 'tap'

const SLOT_MS = 100

/** A probe's report with so many failures of ten requests in each slot. */
function probed(failures: readonly number[]): ProbeReport {
  const series = failures.map(
    (failed, i): Slot => ({
      atMs: i * SLOT_MS,
      due: 10,
      completed: 10 - failed,
      failed,
      p50: failed === 10 ? null : 1,
      p99: failed === 10 ? null : 2,
      max: failed === 10 ? null : 2,
    }),
  )
  const failed = failures.reduce((sum, n) => sum + n, 0)
  const none = quantilesOf(new Float64Array(0))
  return {
    url: 'http://127.70.10.1:8080/',
    startedAt: '2020-01-01T00:00:00.000Z',
    ratePerSecond: 100,
    connections: 'new',
    elapsedMs: failures.length * SLOT_MS,
    completed: failures.length * 10 - failed,
    failed,
    unfinished: 0,
    latency: none,
    failureLatency: none,
    lag: none,
    errors: failed === 0 ? {} : { ECONNREFUSED: failed },
    outages: outagesOf(series, SLOT_MS),
    recovery: null,
    payload: { upBytes: 0, downBytes: 0 },
    portsTaken: 0,
    flows: { opened: 0, withResponse: 0, translationChanges: 0, perBip: {}, perLb: {}, perBackend: {}, ends: {} },
    slotMs: SLOT_MS,
    series,
    flowList: [],
    recoveryList: [],
    takenList: [],
  }
}

const quiet = (slots: number): number[] => new Array<number>(slots).fill(0)

const MEASUREMENTS: readonly Measurement[] = [
  {
    topology: 'active-active',
    capacity: 400,
    trials: [],
    evenness: evennessOf({ 'lb-1': 251, 'lb-2': 249, 'lb-3': 240, 'lb-4': 260 }),
    takeover: takeoverOf('lb-4', 505, probed(quiet(20))),
  },
  {
    topology: 'active-standby',
    capacity: 100,
    trials: [],
    evenness: evennessOf({ 'lb-1': 1_000, 'lb-2': 0, 'lb-3': 0, 'lb-4': 0 }),
    takeover: takeoverOf('lb-1', 505, probed([...quiet(5), 5, 10, 10, 1, ...quiet(11)])),
  },
]

t.test('the outage is the one that begins with the death', (t) => {
  const outageMs = (...failures: number[]): number => takeoverOf('lb-1', 505, probed(failures)).outageMs
  t.equal(outageMs(...quiet(20)), 0)
  t.equal(outageMs(...quiet(5), 5, 10, 10, 1, ...quiet(11)), 400)
  t.equal(outageMs(...quiet(4), 1, 10, ...quiet(9)), 200, 'what was under way belongs to it')
  t.equal(outageMs(2, ...quiet(9), 1), 0, 'neither what was before nor what came long after')
  t.equal(outageMs(...quiet(5), 10, ...quiet(7), 3, 3), 100, 'a second one is another')
  t.equal(takeoverOf('lb-1', 505, probed([...quiet(5), 10, ...quiet(7), 3])).failed, 13)
  t.end()
})

t.test('tables', (t) => {
  t.matchOnly(renderMeasurements(MEASUREMENTS, 100).split('\n'), [
    /^Each LB carries 100 new flows a second/,
    /^ +capacity req\/s +in LBs +shares per LB, % +chi-square +p$/,
    /^-/,
    /^active-active +400 +4\.00 +25\.1 24\.9 24\.0 26\.0 +0\.808 +0\.848$/,
    /^active-standby +100 +1\.00 +100\.0 0\.0 0\.0 0\.0 +3000 +< 0\.001$/,
    '',
    /^An LB is killed/,
    /^ +killed +req\/s +outage ms +failed +of +per cause$/,
    /^-/,
    /^active-active +lb-4 +100 +0 +0 +200 +-$/,
    /^active-standby +lb-1 +100 +400 +26 +200 +ECONNREFUSED 26$/,
    '',
  ])
  t.end()
})

t.test('the picture', (t) => {
  const svg = drawMeasurements(MEASUREMENTS, 100)
  const open: string[] = []
  for (const [, end, name, attributes, alone] of svg.matchAll(/<(\/?)([a-z]+)((?: [\w:-]+="[^"<]*")*)(\/?)>/g)) {
    if (end === '/') t.equal(open.pop(), name, 'closed in order')
    else if (alone !== '/') open.push(name!)
    t.notMatch(attributes, /NaN|Infinity|undefined/)
  }
  t.same(open, [], 'all is closed')
  t.equal(svg.replaceAll(/<[^<>]*>/g, '').match(/[<>]/), null, 'and nothing but text is left')
  for (const words of ['>400<', '>100<', '>lb-3 24.0 %<', '>outage 400 ms<', '>26 failed<', '>lb-1 killed<'])
    t.ok(svg.includes(words), words)
  const failedBars = [...svg.matchAll(/<rect [^>]*fill="#c8452c"/g)]
  t.equal(failedBars.length, 4, 'one for each slot with failures')
  t.end()
})
