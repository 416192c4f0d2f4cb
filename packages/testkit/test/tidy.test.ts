import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const SCRIPT = fileURLToPath(new URL('../../../scripts/tidy.mjs', import.meta.url))

/**
 * Runs the tidy checks over a package `packet` of these source files, and returns what they find in
 * it.
 */
function findings(t: Test, sources: Readonly<Record<string, string>>): string[] {
  const root = t.testdir({ packages: { packet: { 'README.md': '', 'package.json': '{}' } }, 'package.json': '{}' })
  for (const [path, text] of Object.entries(sources)) {
    const file = join(root, 'packages/packet/src', path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  const { stderr } = spawnSync(process.execPath, [SCRIPT, root], { encoding: 'utf8' })
  return stderr.split('\n').flatMap((line) => /^packages\/packet\/src\/(.*)/.exec(line)?.[1] ?? [])
}

t.test('code without a fault passes', async (t) => {
  const found = findings(t, { 'a.ts': "import type { B } from './b.js'\n", 'b.ts': 'export interface B {}\n' })
  t.same(found, [])
})

t.test('a new file of a pure folder is covered, at any depth', async (t) => {
  const found = findings(t, {
    'clock.ts': 'export const now = Date.now()\n',
    'deep/er/socket.ts': "import { connect } from 'node:net'\n",
    'date.ts': 'export const at = (ms: number) => new Date(ms)\n',
  })
  t.equal(found.length, 2)
  t.match(found.join('\n'), /clock\.ts:1: pure code has no clock/)
  t.match(found.join('\n'), /deep\/er\/socket\.ts:1: pure code does no I\/O/)
})

t.test('an import cycle is found, also one of types alone', async (t) => {
  const found = findings(t, {
    'a.ts': "import type { B } from './inner/b.js'\n",
    'inner/b.ts': "import { c } from './c.js'\n",
    'inner/c.ts': "import { type A } from '../a.js'\n",
  })
  t.match(found, [/^a\.ts: is part of an import cycle: a\.ts → inner\/b\.ts → inner\/c\.ts → a\.ts\./])
})

t.test('comments have a width, openings and words', async (t) => {
  const found = findings(t, {
    'a.ts': [
      '/** What a packet is. */',
      'export const a = 1',
      '/**',
      ' * Whether it is told.',
      ' */',
      `export const b = 2 // ${'trailing '.repeat(12)}`,
      `// ${'wide '.repeat(20)}`,
      '/** Identity of `What is told` in code. */',
      "export const c = 'told'",
      '// What nobody reads twice.',
      '/**',
      ' * Number of flows.',
      ' *',
      ' * Who waits comes first.',
      ' */',
      '// Fields',
      '// which are small letters.',
    ].join('\n'),
  })
  t.match(found, [
    /^a\.ts:1: opens with 'What'/,
    /^a\.ts:(3|4): opens with 'Whether'/,
    /^a\.ts:4: has the word 'told'/,
    /^a\.ts:7: has 103 columns/,
    /^a\.ts:10: opens with 'What'/,
    /^a\.ts:14: opens with 'Who'/,
  ])
  t.equal(found.length, 6)
})
