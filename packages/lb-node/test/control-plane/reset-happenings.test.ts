import t from 'tap'
import { ResetHappenings } from '../../dist/control-plane/drivers/reset-happenings.js'

const VIP = 0x7f140a01

t.test('resets of 10 ms are one happening; each flow counts once, also across two windows', async (t) => {
  const reports: unknown[] = []
  const happened = new Promise<void>((resolve) => {
    const resets = new ResetHappenings((happening) => {
      reports.push(happening)
      if (reports.length === 2) resolve()
      else {
        resets.onReset(0x7f146401, 5_001, VIP, 8080) // its second packet comes in the next window
        resets.onReset(0x7f146401, 5_003, VIP, 8080)
      }
      return reports.length
    }, performance)
    t.teardown(() => resets.close())
    for (const port of [5_001, 5_001, 5_002]) resets.onReset(0x7f146401, port, VIP, 8080)
    resets.onReset(0x7f146401, 5_001, VIP, 8081)
    resets.onReset(0x7f146402, 5_001, VIP, 8080)
  })
  await happened
  t.same(reports, [
    { kind: 'flows.unknown', flows: 4 },
    { kind: 'flows.unknown', flows: 1 },
  ])
})
