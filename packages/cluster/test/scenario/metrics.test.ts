import { readFileSync } from 'node:fs'
import t from 'tap'
import { LOAD_METRICS, metricsOf, RUN_METRICS } from '../../dist/scenario/metrics.js'

t.test('the documentation lists exactly the metrics that there are', async (t) => {
  const rows = [...LOAD_METRICS, ...RUN_METRICS].map(
    ({ name, unit, description }) => `| \`${name}\` | ${unit} | ${description} |`,
  )
  const [, listed = ''] =
    /<!-- metrics:.*?-->\n\n([\s\S]*?)\n*<!-- end of metrics -->/.exec(readFileSync('docs/scenarios.md', 'utf8')) ?? []
  t.same(listed.split('\n').slice(2), rows)
})

t.test('each load has each metric under its name', async (t) => {
  const names = [...metricsOf(['a', 'b']).keys()]
  t.equal(names.length, RUN_METRICS.length + 3 * LOAD_METRICS.length)
  t.ok(names.includes('load.b.latency.p99'))
})
