import type { LbConfig } from '@fivetuple/lb-node'
import t from 'tap'
import { LbConfigs } from '../dist/launcher/lb-configs.js'
import { LbFleet, type RoleStates } from '../dist/launcher/lb-fleet.js'
import { roleClients } from '../dist/launcher/role-contracts.js'
import type { RoleState } from '../dist/launcher/supervisor.js'

/** One LB, whose state can be set, and which responds as `respond` does. */
function fleetOf(respond: () => Promise<unknown>) {
  let state: RoleState['state'] = 'running'
  const observers = new Set<() => void>()
  const lb = {
    get state() {
      return state
    },
    set state(next) {
      state = next
      for (const observe of [...observers]) observe()
    },
  }
  const states: RoleStates = {
    state: () => lb,
    subscribe(observe) {
      observers.add(observe)
      return () => observers.delete(observe)
    },
  }
  const configs = new LbConfigs([{ name: 'lb-1', draining: false } as LbConfig], () => {})
  const fleet = new LbFleet(configs, roleClients(respond), states)
  const drain = () => fleet.change(['lb-1'], 'setDraining', { draining: true }, () => ({ draining: true }))
  return { lb, drain, isDrained: () => configs.get('lb-1')!.draining }
}

t.test('an LB that is restarted during a change gets the change again', async (t) => {
  const asked: string[] = []
  const { lb, drain, isDrained } = fleetOf(async () => {
    asked.push(lb.state)
    if (asked.length > 1) return 'done'
    lb.state = 'starting'
    setImmediate(() => {
      lb.state = 'running'
    })
    throw new Error('lb-1 has exited')
  })
  t.same(await drain(), [{ lb: 'lb-1', response: 'done' }])
  t.same(asked, ['running', 'running'])
  t.ok(isDrained())
})

t.test('one that dies meanwhile learns it when it starts', async (t) => {
  const { lb, drain, isDrained } = fleetOf(async () => {
    lb.state = 'restarting'
    throw new Error('lb-1 has exited')
  })
  t.same(await drain(), [{ lb: 'lb-1', unreachable: 'lb-1 has exited' }])
  t.ok(isDrained())
})

t.test('an LB that runs and does not respond has not changed', async (t) => {
  const { drain, isDrained } = fleetOf(async () => {
    throw new Error('no response')
  })
  await t.rejects(drain(), { status: 503, message: 'no response' })
  t.notOk(isDrained())
})
