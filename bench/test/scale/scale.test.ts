import { renderScale, type ScaleResult, scaleConfig, scalePoints } from '@fivetuple/bench'
import { loadConfig } from '@fivetuple/cluster'
import t from 'tap'

t.test('each axis grows by itself, as far as files go', async (t) => {
  const { points, leftOut } = scalePoints(20_000)
  for (const { axis, lbs, vips, idle } of points) {
    if (axis !== 'lbs') t.equal(lbs, 4)
    if (axis !== 'vips') t.equal(vips, 1)
    if (axis !== 'flows') t.equal(idle, 0)
  }
  t.same(
    leftOut.map(({ name }) => name),
    ['flows-100000'],
  )
  t.equal(scalePoints(Number.POSITIVE_INFINITY).leftOut.length, 0)
})

t.test('every point is a configuration that can be started', async (t) => {
  for (const point of scalePoints(1_000_000).points) {
    const loaded = loadConfig(scaleConfig(point), 'scale.yaml')
    t.match(loaded, { ok: true, config: { vips: { length: point.vips } } }, point.name)
  }
})

t.test('costs are relative to the smallest point of their axis', async (t) => {
  const { points } = scalePoints(20_000)
  const cost = (cpuMicros: number, errors = {}) => ({
    requestsPerSecond: 20_000,
    cpuMicros,
    byHop: { uplink: 10, lbs: 5, downlink: 10 },
    p50Ms: 1,
    p99Ms: 2,
    errors,
  })
  const result = (name: string, cpuMicros: number): ScaleResult => ({
    point: points.find((point) => point.name === name)!,
    startMs: 1_000,
    loads: { closed: cost(cpuMicros, name === 'lbs-2' ? { READ: 3 } : {}), paced: cost(3 * cpuMicros ** 2) },
    rssBytes: 2 ** 28,
  })
  const text = renderScale([result('lbs-1', 20), result('lbs-2', 25), result('vips-1', 22)])
  t.match(text, /1 .* 1\.00 .*-\n/)
  t.match(text, /2 .* 1\.25 .*READ 3\n/)
  t.match(text, /2 .* 1\.56 .*-\n/, 'and the other load against itself')
  t.match(text, 'More VIPs')
  t.notMatch(text, 'More flows')
})
