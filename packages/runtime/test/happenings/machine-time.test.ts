import { execFileSync } from 'node:child_process'
import t from 'tap'
import { machineTimeUs } from '../../dist/index.js'

t.test('all processes of a machine have the same time', async (t) => {
  const module = new URL('../../dist/happenings/machine-time.js', import.meta.url)
  const print = 'process.stdout.write(String((await import(process.argv[1])).machineTimeUs()))'
  const before = machineTimeUs()
  const other = Number(
    execFileSync(process.execPath, ['--input-type=module', '-e', print, module.href], { encoding: 'utf8' }),
  )
  const after = machineTimeUs()
  t.ok(before < other && other < after, `${before} < ${other} < ${after}`)
})
