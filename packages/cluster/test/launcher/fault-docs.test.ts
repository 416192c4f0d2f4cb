import { readFileSync } from 'node:fs'
import t from 'tap'
import { FAULT_KINDS, MOMENTARY_KINDS } from '../../dist/launcher/faults/registry.js'

t.test('the page on failures lists each kind of fault, with its description', async (t) => {
  const page = readFileSync(new URL('../../../../docs/failures.md', import.meta.url), 'utf8')
  const [, section = ''] = /## All faults\n(.*?)\n## /s.exec(page) ?? []
  const rows = section.split('\n').filter((line) => line.startsWith('| `'))
  t.strictSame(
    rows.map((row) => row.split(' | ').slice(0, 2).join(' | ')),
    [...FAULT_KINDS, ...MOMENTARY_KINDS].map(({ kind, summary }) => `| \`${kind}\` | ${summary}`),
  )
})
