import t from 'tap'
import { Value } from 'typebox/value'
import { FaultControl } from '../../dist/launcher/faults/fault-control.js'
import { FAULT_KINDS, faultKind, type InjectableFault } from '../../dist/launcher/faults/registry.js'
import type { LauncherParts } from '../../dist/launcher/parts.js'
import { Fault } from '../../dist/operations/fault-schemas.js'

/** One fault of each kind. A new kind needs a row, or this file does not compile. */
const SAMPLES: { readonly [K in InjectableFault['kind']]: Extract<InjectableFault, { kind: K }> } = {
  paused: { kind: 'paused', role: 'lb-1' },
  'kept-stopped': { kind: 'kept-stopped', role: 'lb-2' },
  'link-down': { kind: 'link-down', role: 'lb-1', side: 'uplink' },
  misbehaving: { kind: 'misbehaving', role: 'backend-1', behavior: { delayMs: 5, healthz: 'ok' } },
}

/** A launcher of two LBs and a backend without processes, which has all of {@link SAMPLES}. */
function launcher() {
  const undone: string[] = []
  const names = ['uplink', 'downlink', 'lb-1', 'lb-2', 'backend-1']
  const states = names.map((name) => ({
    spec: { name, kind: name.startsWith('lb') ? 'lb' : name.startsWith('b') ? 'backend' : 'switch' },
    pid: 1,
    state: name === 'lb-1' ? 'paused' : name === 'lb-2' ? 'kept-stopped' : 'running',
  }))
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
      resume: (role: string) => undone.push(`resume ${role}`),
      launch: async (role: string) => undone.push(`launch ${role}`),
    },
    links: {
      down: [{ lb: 'lb-1', side: 'uplink' }],
      isDown: (lb: string) => lb === 'lb-1',
      setAdminDown: async ({ lb, side }: { lb: string; side: string }) => undone.push(`up ${lb} ${side}`),
    },
    roles: {
      backend: (name: string) => async (method: string) => {
        if (method === 'setBehavior') undone.push(`restore ${name}`)
        return { behavior: { delayMs: 5, failRatio: 0, refuse: false, stall: false, healthz: 'ok' } }
      },
    },
    recovery: { untilRouted: async () => [] },
  } as unknown as LauncherParts
  const done: string[] = []
  return { control: new FaultControl(parts, (description) => done.push(description)), undone, done }
}

t.test('each kind has a sample', async (t) => {
  t.strictSame(FAULT_KINDS.map(({ kind }) => kind as string).sort(), Object.keys(SAMPLES).sort())
})

t.test('each fault is listed with its fields, a description and the command that clears it', async (t) => {
  const { control } = launcher()
  const { faults, unreachable } = await control.list()
  t.same(unreachable, [])
  t.strictSame(
    faults.map(({ description, undo, ...fields }) => fields),
    Object.values(SAMPLES),
  )
  for (const fault of faults) {
    t.ok(Value.Check(Fault, fault), `${fault.kind} satisfies the schema of the API`)
    t.match(fault.description, new RegExp(`^${fault.role}\\b.*[^.]$`))
    t.match(fault.undo, /^fivetuple \S/)
    t.equal(faultKind(fault.kind).kind, fault.kind)
  }
})

t.test('all faults are cleared, those of roles that are down first', async (t) => {
  const { control, undone, done } = launcher()
  const { cleared, failed } = await control.clearAll()
  t.same(failed, [])
  t.equal(cleared.length, FAULT_KINDS.length)
  t.strictSame(undone, ['resume lb-1', 'launch lb-2', 'up lb-1 uplink', 'restore backend-1'])
  t.equal(done.length, FAULT_KINDS.length)
})

t.test('a role that is not in the plan is an error of the request', async (t) => {
  const { control } = launcher()
  for (const sample of Object.values(SAMPLES)) {
    const none = { ...sample, role: 'none' } as InjectableFault
    await t.rejects(control.inject([none]), { message: /there is no .* 'none'/ })
    await t.rejects(control.clear([none]), { message: /there is no .* 'none'/ })
  }
})
