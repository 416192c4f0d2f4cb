import { asProbeReport } from '@fivetuple/client'
import t from 'tap'

const REPORT = { completed: 3, failed: 0, latency: {}, lag: {}, flows: {}, outages: [], series: [] }

t.test('a report is taken, other output is none', async (t) => {
  t.same(asProbeReport(JSON.stringify(REPORT)), REPORT)
  for (const text of ['', '{', 'null', '3', '[]', '{}', JSON.stringify({ ...REPORT, completed: '3' })])
    t.equal(asProbeReport(text), undefined, text)
  for (const field of Object.keys(REPORT))
    t.equal(asProbeReport(JSON.stringify({ ...REPORT, [field]: null })), undefined, field)
})
