import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { programIn } from '../dist/program.js'

/** Seconds since the epoch; what matters is which is later. */
const COMPILED = 1_700_000_000
const BUNDLED = COMPILED + 10

/** A program that was bundled after its two witnesses were written. */
function bundled(t: Test) {
  const root = mkdtempSync(join(tmpdir(), 'fivetuple-program-'))
  t.teardown(() => rmSync(root, { recursive: true }))
  const write = (path: string, text: string, at: number): void => {
    writeFileSync(join(root, path), text)
    utimesSync(join(root, path), at, at)
  }
  mkdirSync(join(root, 'dist/bundle'), { recursive: true })
  write('dist/.tsbuildinfo', '', COMPILED)
  write('package.json', '', COMPILED)
  write('dist/bundle/witnesses.json', '["../.tsbuildinfo","../../package.json"]', BUNDLED)
  return {
    write,
    remove: (path: string) => rmSync(join(root, path), { recursive: true }),
    program: () => programIn(new URL('dist/', pathToFileURL(`${root}/`))).href.slice(pathToFileURL(root).href.length),
  }
}

t.test('a bundle that nothing has changed since is taken', async (t) => {
  t.equal(bundled(t).program(), '/dist/bundle/main.js')
})

t.test('without one, the compiled module is', async (t) => {
  const { remove, program } = bundled(t)
  remove('dist/bundle')
  t.equal(program(), '/dist/main.js')
})

t.test('a bundle is not taken', async (t) => {
  const reasons: Readonly<Record<string, (of: ReturnType<typeof bundled>) => void>> = {
    'when something of it was compiled later': ({ write }) => write('dist/.tsbuildinfo', '', BUNDLED + 1),
    'when it was compiled at the same time': ({ write }) => write('dist/.tsbuildinfo', '', BUNDLED),
    'when a dependency has gone': ({ remove }) => remove('package.json'),
    'when its witnesses are not known': ({ remove }) => remove('dist/bundle/witnesses.json'),
    'when that is cut short': ({ write }) => write('dist/bundle/witnesses.json', '["../.tsbui', BUNDLED),
    'when that is something else': ({ write }) => write('dist/bundle/witnesses.json', '{}', BUNDLED),
  }
  for (const [why, change] of Object.entries(reasons))
    t.test(why, async (t) => {
      const it = bundled(t)
      change(it)
      t.equal(it.program(), '/dist/main.js')
    })
})
