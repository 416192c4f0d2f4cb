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
  'bgp-mute': { kind: 'bgp-mute', role: 'lb-1', side: 'downlink' },
  'route-withheld': { kind: 'route-withheld', role: 'lb-1', vip: 'web' },
  'route-flap': { kind: 'route-flap', role: 'lb-1', vip: 'web', upMs: 50, downMs: 20 },
  exhausted: { kind: 'exhausted', role: 'lb-1', resource: 'ports', leave: 3 },
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
  const none = {
    mutedBgp: [] as string[],
    routes: [] as object[],
    usablePorts: null as number | null,
    usableSessions: null,
  }
  const injected: Record<string, typeof none> = {
    'lb-1': {
      mutedBgp: ['downlink'],
      routes: [{ address: '127.20.10.1', isWithheld: true, flap: { upMs: 50, downMs: 20 } }],
      usablePorts: 3,
      usableSessions: null,
    },
    'lb-2': none,
  }
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
      uplink: { name: 'uplink', bgp: { holdTime: 9, neighbors: [{ name: 'lb-1' }] } },
      downlink: { name: 'downlink', bgp: { holdTime: 9 } },
      switches: [
        { name: 'uplink', bgp: { neighbors: [{ name: 'lb-1' }] } },
        { name: 'downlink', bgp: { neighbors: [] } },
      ],
      lbs: ['lb-1', 'lb-2'].map((name) => ({ name, nat: { portRange: [1_024, 2_023], maxSessions: 100 } })),
      backends: [{ name: 'backend-1' }],
      vips: ['web', 'same'].map((name) => ({
        ...{ name, address: '127.20.10.1', backends: ['backend-1'], protocol: 'tcp' },
        listen: { address: '127.0.0.1', port: 80 },
      })),
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
    fleet: { configs: { get: () => ({ vips: ['127.20.10.1'] }) } },
    roles: {
      lb: (name: string) => async (method: string, change: { flap?: object; leave?: null }) => {
        if (method === 'injected') return injected[name]
        undone.push(`${method} ${name}`)
        const mine = injected[name]!
        if (method === 'muteBgp') mine.mutedBgp = []
        if (method === 'setRouteFault') Object.assign(mine.routes[0]!, change)
        if (method === 'exhaust') mine.usablePorts = null
        return method === 'resetBgp' ? { wasEstablished: name === 'lb-1' } : {}
      },
      switch: (name: string) => async (method: string) => {
        undone.push(`${method} ${name}`)
        return { wasEstablished: true }
      },
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
    ...['resume lb-1', 'launch lb-2', 'limit backend-1 null', 'up lb-1 uplink', 'end x1', 'clear lb-1', 'muteBgp lb-1'],
    ...['setRouteFault lb-1', 'setRouteFault lb-1', 'exhaust lb-1', 'restore backend-1'],
  ])
  t.strictSame(
    changes.map(({ id, change, author }) => [id, change, author]).sort(),
    faults.map(({ id }) => [id, 'cleared', 'cli']).sort(),
  )
  t.strictSame((await control.list()).faults, [])
})

t.test('one fault is cleared by its id', async (t) => {
  const { control, undone } = launcher()
  await t.rejects(control.clearOne('f10', 'api'), {
    status: 404,
    message: "there is no fault 'f10': there are f1, f2, f3, f4, x1, x2, f5, f6, f7, f8, f9",
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

t.test('a fault that is over at once has an id and an event, and is not listed', async (t) => {
  const { control, undone, changes } = launcher()
  const before = (await control.list()).faults.length
  const report = await control.trigger({ kind: 'bgp-reset', role: 'lb-1', neighbor: 'uplink' }, 'cli')
  t.match(report, { undo: null, injected: [{ id: 'f10', endsAt: '1970-01-01T00:00:00.000Z' }] })
  await control.trigger({ kind: 'bgp-reset', role: 'uplink', neighbor: 'lb-1' }, 'cli')
  t.strictSame(undone, ['resetBgp lb-1', 'resetBgp uplink'])
  await t.rejects(control.trigger({ kind: 'bgp-reset', role: 'lb-2', neighbor: 'uplink' }, 'api'), {
    status: 409,
    message: /no established BGP session with uplink/,
  })
  t.match(changes, [
    { id: 'f10', change: 'injected', kind: 'bgp-reset', role: 'lb-1', author: 'cli' },
    { id: 'f11', change: 'injected' },
    { id: 'f12', change: 'injected' },
    { id: 'f12', change: 'failed' },
  ])
  t.equal((await control.list()).faults.length, before)
  for (const [role, neighbor, message] of [
    ['lb-1', 'left', /lb-1 has no BGP neighbour 'left'; there are uplink, downlink/],
    ['uplink', 'lb-9', /there are lb-1/],
    ['backend-1', 'lb-1', /backend-1 is a backend and has no BGP session/],
    ['none', 'lb-1', /there is no role 'none'/],
  ] as const)
    await t.rejects(control.trigger({ kind: 'bgp-reset', role, neighbor }, 'api'), { message })
})

t.test('fields out of their range are errors that name the range', async (t) => {
  const { control } = launcher()
  const inject = (fault: InjectableFault) => control.inject([fault], { author: 'api' })
  for (const [resource, leave, message] of [
    ['ports', 1_000, /body\.leave must be a whole number from 0 to 999: lb-1 has 1000 source ports per backend/],
    ['sessions', 5_000, /from 0 to 99: lb-1 has 100 sessions/],
  ] as const)
    await t.rejects(inject({ kind: 'exhausted', role: 'lb-1', resource, leave }), { status: 400, message })
  await t.rejects(inject({ kind: 'route-withheld', role: 'lb-1', vip: 'none' }), {
    status: 404,
    message: /there is no VIP/,
  })
})

t.test('VIPs that share an address share the faults of its route', async (t) => {
  const { control } = launcher()
  const { faults } = await control.list()
  const id = faults.find(({ kind }) => kind === 'route-withheld')!.id
  const again = await control.inject([{ kind: 'route-withheld', role: 'lb-1', vip: 'same' }], { author: 'api' })
  t.match(again, { injected: [{ id }] })
})
