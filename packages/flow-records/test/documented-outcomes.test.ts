import { readFileSync } from 'node:fs'
import { OUTCOMES } from '@fivetuple/flow-records'
import t from 'tap'

t.test('docs/flows.md has the outcomes and their meanings', async (t) => {
  const text = readFileSync(new URL('../../../docs/flows.md', import.meta.url), 'utf8')
  const rows = [...text.matchAll(/^\| `([a-z-]+)` \| (.+) \|$/gm)].map(([, name, meaning]) => [name, meaning])
  t.same(rows, Object.entries(OUTCOMES))
})
