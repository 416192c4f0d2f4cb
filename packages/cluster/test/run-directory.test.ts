import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { RunDirectory, runningClusters } from '../dist/launcher/run-directory.js'

const BLOCK = '127.51.0.0/16'

t.test('a cluster runs for as long as its launcher does, not whoever has its pid later', async (t) => {
  process.env.XDG_RUNTIME_DIR = t.testdir()
  const directory = new RunDirectory(BLOCK)
  directory.create()
  t.same(runningClusters(), [])
  directory.writeRecord({ name: 'x', block: BLOCK, pid: process.pid, api: '', token: '', startedAt: '' })
  t.match(runningClusters(), [{ block: BLOCK, pid: process.pid }])
  t.throws(() => new RunDirectory(BLOCK), /already running in 127\.51\.0\.0\/16/)

  const file = join(directory.path, 'cluster.json')
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), pidStart: '1' }))
  t.same(runningClusters(), [])
  t.ok(new RunDirectory(BLOCK), 'its place may be taken')
})

t.test('what is removed is written again, for its user alone to read', async (t) => {
  const base = t.testdir()
  process.env.XDG_RUNTIME_DIR = base
  const directory = new RunDirectory(BLOCK)
  directory.create()
  const file = directory.writeRoleConfig('lb-1', { name: 'lb-1' })
  directory.writeRecord({ name: 'x', block: BLOCK, pid: process.pid, api: '', token: '', startedAt: '' })
  const files = ['cluster.json', 'launcher.pid', 'lb-1.json']
  t.notOk(directory.restore(), 'nothing is missing')
  const removals: Readonly<Record<string, () => void>> = {
    'a file': () => rmSync(file),
    'the record': () => rmSync(join(directory.path, 'cluster.json')),
    'the directory': () => rmSync(directory.path, { recursive: true }),
    'all directories': () => rmSync(base, { recursive: true }),
  }
  for (const [what, remove] of Object.entries(removals)) {
    remove()
    t.ok(directory.restore(), what)
    t.same(readdirSync(directory.path).sort(), files, what)
    t.same(JSON.parse(readFileSync(file, 'utf8')), { name: 'lb-1' })
    t.match(runningClusters(), [{ block: BLOCK }])
    for (const path of [directory.path, file]) t.equal(statSync(path).mode & 0o077, 0, path)
  }

  await t.test('also by a change of a configuration', async (t) => {
    rmSync(directory.path, { recursive: true })
    directory.writeRoleConfig('lb-1', { name: 'lb-1', draining: true })
    t.same(JSON.parse(readFileSync(file, 'utf8')), { name: 'lb-1', draining: true })
    t.same(readdirSync(directory.path).sort(), files)
  })

  await t.test('but not into the place of another cluster, nor after the end', async (t) => {
    rmSync(directory.path, { recursive: true })
    mkdirSync(directory.path)
    writeFileSync(join(directory.path, 'launcher.pid'), '1')
    t.notOk(directory.restore())
    directory.writeRoleConfig('lb-1', {})
    t.same(readdirSync(directory.path), ['launcher.pid'])
    rmSync(directory.path, { recursive: true })
    directory.remove()
    directory.writeRoleConfig('lb-1', {})
    t.notOk(directory.restore())
    t.notOk(existsSync(directory.path))
  })
})
