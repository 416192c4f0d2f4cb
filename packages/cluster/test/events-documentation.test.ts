import { readFileSync } from 'node:fs'
import t from 'tap'
import { EVENT_KINDS } from '../dist/launcher/events/kinds.js'

/** Rows of the table of kinds in docs/events.md, as the registry has them. */
const expected = Object.entries(EVENT_KINDS).map(([kind, { summary, fields }]) => {
  const names = Object.keys(fields).map((name) => `\`${name}\``)
  return `| \`${kind}\` | ${summary} | ${names.join(', ')} |`
})

t.test('the documentation has each kind of event, its meaning and its fields, as the registry has them', async (t) => {
  const text = readFileSync(new URL('../../../docs/events.md', import.meta.url), 'utf8')
  const rows = text.split('\n').filter((line) => /^\| `[a-z-]+(\.[a-z-]+)?` \| [A-Z]/.test(line))
  t.ok(expected.length > 30)
  t.same(rows, expected, `the table is to be\n${expected.join('\n')}`)
})
