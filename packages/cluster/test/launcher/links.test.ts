import { ManualClock } from '@fivetuple/testkit'
import t from 'tap'
import { LinkFlaps } from '../../dist/launcher/faults/link-flaps.js'
import { Links } from '../../dist/launcher/faults/links.js'
import type { RoleClients } from '../../dist/launcher/role-contracts.js'
import type { ClusterPlan } from '../../dist/plan/plan.js'

const LINK = { lb: 'lb-1', side: 'uplink' } as const

/** Links of one LB, whose switch records what it is sent. */
function links() {
  const sent: boolean[] = []
  const ports = [{ id: 1, peer: 'lb-1' }]
  let isUnreachable = false
  const roles = {
    switch:
      () =>
      async (_method: string, { adminDown }: { adminDown: boolean }) => {
        if (isUnreachable) throw new Error('unreachable')
        sent.push(adminDown)
      },
  } as unknown as RoleClients
  const plan = { uplink: { name: 'uplink', ports }, downlink: { name: 'downlink', ports } } as unknown as ClusterPlan
  return {
    links: new Links(plan, () => {}, roles),
    sent,
    setUnreachable: (unreachable: boolean) => {
      isUnreachable = unreachable
    },
  }
}

t.test('a link is up when nobody keeps it down', async (t) => {
  const { links: all, sent, setUnreachable } = links()
  await Promise.all([all.setAdminDown(LINK, true), all.hold(LINK, 'f1', true)])
  t.strictSame([all.down, all.isDown('lb-1'), all.isDown('lb-2')], [[LINK], true, false])
  await all.setAdminDown(LINK, false)
  t.strictSame([all.down, sent.at(-1)], [[], true], 'a fault still keeps it down')
  setUnreachable(true)
  await t.rejects(all.hold(LINK, 'f1', false), /unreachable/)
  setUnreachable(false)
  await all.hold(LINK, 'f2', false)
  t.equal(sent.at(-1), true, 'nothing has changed')
  await all.hold(LINK, 'f1', false)
  t.equal(sent.at(-1), false)
})

t.test('a flap takes the link down for its times, and leaves it up', async (t) => {
  const clock = new ManualClock()
  const holds: string[] = []
  const flaps = new LinkFlaps(
    { hold: async ({ lb, side }, holder, isDown) => void holds.push(`${clock.now} ${lb} ${side} ${holder} ${isDown}`) },
    {
      now: () => clock.now,
      after: (ms, call) => {
        const entry = clock.schedule(clock.now + ms, call)
        return () => clock.cancel(entry)
      },
    },
  )
  await flaps.start({ ...LINK, id: 'f1', upMs: 100, downMs: 20 })
  clock.runUntil(250)
  t.strictSame(holds, [
    '100 lb-1 uplink f1 true',
    '120 lb-1 uplink f1 false',
    '220 lb-1 uplink f1 true',
    '240 lb-1 uplink f1 false',
  ])
  t.strictSame(flaps.list, [{ ...LINK, id: 'f1', upMs: 100, downMs: 20 }])
  await flaps.end('f1')
  clock.runUntil(1_000)
  t.equal(holds.length, 5)
  await flaps.start({ ...LINK, id: 'f2', upMs: 100, downMs: 20 })
  flaps.stop()
  clock.runUntil(2_000)
  t.equal(holds.length, 5)
})
