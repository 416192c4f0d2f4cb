import { GOOD_BEHAVIOR } from '@fivetuple/backend/behavior'
import t from 'tap'
import { Value } from 'typebox/value'
import { FaultControl } from '../../dist/launcher/faults/fault-control.js'
import type { FaultChange } from '../../dist/launcher/faults/fault-event.js'
import { FAULT_KINDS, faultKind, type InjectableFault } from '../../dist/launcher/faults/registry.js'
import type { LauncherParts } from '../../dist/launcher/parts.js'
import { Fault } from '../../dist/operations/fault-schemas.js'

/** One fault of each kind. A new kind needs a row, or this file does not compile. */
const SAMPLES: { readonly [K in InjectableFault['kind']]: Extract<InjectableFault, { kind: K }> } = {
  paused: { kind: 'paused', role: 'lb-1' },
  'kept-stopped': { kind: 'kept-stopped', role: 'lb-2' },
  starved: { kind: 'starved', role: 'backend-1', cpu: 0.2 },
  'link-down': { kind: 'link-down', role: 'lb-1', side: 'uplink' },
  'link-flap': { kind: 'link-flap', role: 'lb-1', side: 'downlink', upMs: 5_000, downMs: 500 },
  'link-impaired': {
    kind: 'link-impaired',
    role: 'lb-1',
    side: 'uplink',
    direction: 'in',
    scope: 'data',
    fault: { kind: 'loss', rate: 0.01 },
  },
  misbehaving: { kind: 'misbehaving', role: 'backend-1', behavior: { delayMs: 5 } },
}

/** A launcher of two LBs and a backend without processes, which has all of {@link SAMPLES}. */
function launcher() {
  const undone: string[] = []
  const names = ['uplink', 'downlink', 'lb-1', 'lb-2', 'backend-1']
  const states = names.map((name) => ({
    spec: { name, kind: name.startsWith('lb') ? 'lb' : name.startsWith('b') ? 'backend' : 'switch' },
    pid: 1,
    cpuShare: name === 'backend-1' ? 0.2 : null,
    state: name === 'lb-1' ? 'paused' : name === 'lb-2' ? 'kept-stopped' : 'running',
  }))
  const runs = (role: string): void =>
    void Object.assign(states.find(({ spec }) => spec.name === role)!, { state: 'running' })
  const down = [{ lb: 'lb-1', side: 'uplink' }]
  const flaps = [{ id: 'x1', lb: 'lb-1', side: 'downlink', upMs: 5_000, downMs: 500 }]
  const impaired = [
    {
      id: 'x2',
      lb: 'lb-1',
      side: 'uplink',
      direction: 'in',
      scope: 'data',
      seed: 7,
      fault: { kind: 'loss', rate: 0.01 },
    },
  ]
  let behavior = { ...GOOD_BEHAVIOR, delayMs: 5 }
  const parts = {
    plan: {
      uplink: { name: 'uplink', bgp: { holdTime: 9 } },
      downlink: { name: 'downlink' },
      switches: [{ name: 'uplink' }, { name: 'downlink' }],
      lbs: [{ name: 'lb-1' }, { name: 'lb-2' }],
      backends: [{ name: 'backend-1' }],
      vips: [{ backends: ['backend-1'], protocol: 'tcp', listen: { address: '127.0.0.1', port: 80 } }],
    },
    supervisor: {
      states: () => states,
      state: (role: string) => states.find(({ spec }) => spec.name === role),
      resume: (role: string) => {
        undone.push(`resume ${role}`)
        runs(role)
      },
      limitCpu: (role: string, share: number | null) => {
        undone.push(`limit ${role} ${share}`)
        Object.assign(states.find(({ spec }) => spec.name === role)!, { cpuShare: share })
      },
      launch: async (role: string) => {
        undone.push(`launch ${role}`)
        runs(role)
      },
    },
    links: {
      down,
      isDown: (lb: string) => down.some((link) => link.lb === lb),
      setAdminDown: async ({ lb, side }: { lb: string; side: string }) => {
        undone.push(`up ${lb} ${side}`)
        down.pop()
      },
    },
    flaps: {
      list: flaps,
      end: async (id: string) => {
        undone.push(`end ${id}`)
        flaps.pop()
      },
    },
    impairments: {
      list: impaired,
      ofLb: (lb: string) => impaired.filter((fault) => fault.lb === lb),
      clear: async (lb: string) => {
        undone.push(`clear ${lb}`)
        impaired.pop()
      },
    },
    roles: {
      backend: (name: string) => async (method: string, change: object) => {
        if (method === 'setBehavior') {
          undone.push(`restore ${name}`)
          behavior = { ...behavior, ...change }
        }
        return { behavior }
      },
    },
    recovery: { untilRouted: async () => [] },
  } as unknown as LauncherParts
  const changes: FaultChange[] = []
  const control = new FaultControl(parts, { onChange: (change) => changes.push(change), timeOfDay: () => 0 })
  return { control, undone, changes }
}

t.test('each kind has a sample', async (t) => {
  t.strictSame(FAULT_KINDS.map(({ kind }) => kind as string).sort(), Object.keys(SAMPLES).sort())
})

t.test('each fault is listed with its fields, its record, a description and the command that clears it', async (t) => {
  const { control } = launcher()
  const { faults, unreachable } = await control.list()
  t.same(unreachable, [])
  t.strictSame(
    faults.map(({ id, author, seed, startedAt, endsAt, description, undo, ...fields }) => fields),
    Object.values(SAMPLES),
  )
  t.equal(new Set(faults.map(({ id }) => id)).size, faults.length, 'each has an id')
  for (const fault of faults) {
    t.ok(Value.Check(Fault, fault), `${fault.kind} satisfies the schema of the API`)
    t.match(
      fault,
      { author: 'config', startedAt: '1970-01-01T00:00:00.000Z', endsAt: null },
      'the launcher injected none',
    )
    t.match(fault.description, new RegExp(`^${fault.role}\\b.*[^.]$`))
    t.match(fault.undo, /^fivetuple \S/)
    t.equal(faultKind(fault.kind).kind, fault.kind)
  }
  t.strictSame((await control.list()).faults, faults, 'once more: the same ids')
})

t.test('all faults are cleared, those of roles that are down first', async (t) => {
  const { control, undone, changes } = launcher()
  const { faults } = await control.list()
  const { cleared, failed } = await control.clearAll('cli')
  t.same(failed, [])
  t.equal(cleared.length, FAULT_KINDS.length)
  t.strictSame(undone, [
    'resume lb-1',
    'launch lb-2',
    'limit backend-1 null',
    'up lb-1 uplink',
    'end x1',
    'clear lb-1',
    'restore backend-1',
  ])
  t.strictSame(
    changes.map(({ id, change, author }) => [id, change, author]).sort(),
    faults.map(({ id }) => [id, 'cleared', 'cli']).sort(),
  )
  t.strictSame((await control.list()).faults, [])
})

t.test('one fault is cleared by its id', async (t) => {
  const { control, undone } = launcher()
  await t.rejects(control.clearOne('f9', 'api'), {
    status: 404,
    message: "there is no fault 'f9': there are f1, f2, f3, f4, x1, x2, f5",
  })
  const { faults } = await control.list()
  const down = faults.find(({ kind }) => kind === 'link-down')!
  t.match(await control.clearOne(down.id, 'api'), { cleared: [down], failed: [] })
  t.strictSame(undone, ['up lb-1 uplink'])
  t.strictSame(
    (await control.list()).faults.map(({ id }) => id),
    faults.flatMap(({ id }) => (id === down.id ? [] : [id])),
    'the others stay, with their ids',
  )
})

t.test('a role that is not in the plan is an error of the request', async (t) => {
  const { control } = launcher()
  for (const sample of Object.values(SAMPLES)) {
    const none = { ...sample, role: 'none' } as InjectableFault
    await t.rejects(control.inject([none], { author: 'api' }), { message: /there is no .* 'none'/ })
    await t.rejects(control.clear([none], 'api'), { message: /there is no .* 'none'/ })
  }
})
