import { readFileSync, writeFileSync } from 'node:fs'
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
