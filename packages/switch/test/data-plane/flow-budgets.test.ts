import t from 'tap'
import { flowBudgets, type ServerEdgeConfig, type SwitchConfig, sumBudgets } from '../../dist/index.js'

/** A switch with `lbs` ports. */
function config(edge: 'client' | Partial<ServerEdgeConfig>, maxFlows: number, lbs = 4): SwitchConfig {
  const tcp = { windowBytes: 65_536, keepAliveMs: 5_000, maxFlows }
  const service = { name: 'web', protocol: 'tcp', address: '127.20.10.1', port: 80 } as const
  return {
    ports: Array.from({ length: lbs }, (_, i) => ({ id: i + 1, peer: `lb-${i + 1}` })),
    bgp: { neighbors: Array.from({ length: lbs }, (_, i) => ({ name: `lb-${i + 1}` })) },
    edge:
      edge === 'client'
        ? { kind: 'client', services: [{ ...service, listen: { address: service.address, port: 80 } }], tcp }
        : {
            kind: 'server',
            prefixes: [],
            udpIdleMs: 30_000,
            hasTcp: true,
            hasUdp: true,
            checks: { flows: 64, sources: [] },
            tcp,
            ...edge,
          },
  } as unknown as SwitchConfig
}

t.test('without a limit of descriptors the configuration holds', async (t) => {
  const unlimited = Number.POSITIVE_INFINITY
  t.same(flowBudgets(config('client', 20_000), unlimited, 1), { descriptors: null, tcp: 20_000, udp: 0, checks: 0 })
  t.same(flowBudgets(config({}, 20_000), unlimited, 1), { descriptors: null, tcp: 20_000, udp: 20_000, checks: 64 })
})

t.test('a few flows leave health checks their own', async (t) => {
  t.same(flowBudgets(config({}, 10), 20_000, 1), { descriptors: 20_000, tcp: 10, udp: 10, checks: 64 })
})

t.test('TCP, UDP, checks and control plane together never exceed the descriptors', async (t) => {
  for (const descriptors of [0, 50, 256, 1_024, 4_096, 20_000, 65_536])
    for (const maxFlows of [1, 100, 5_000, 20_000, 1_000_000])
      for (const hasUdp of [false, true])
        for (const lbs of [1, 4, 32]) {
          const budgets = flowBudgets(config({ hasUdp }, maxFlows, lbs), descriptors, 1)
          const control = 64 + 6 * lbs
          t.ok(
            budgets.tcp + budgets.udp + budgets.checks <= Math.max(descriptors - control, 0),
            `${descriptors} descriptors, ${maxFlows} flows: ${JSON.stringify(budgets)}`,
          )
          t.ok(budgets.tcp >= 0 && budgets.udp >= 0 && budgets.checks >= 0)
        }
})

t.test('UDP has its share if there is UDP, and TCP has the rest', async (t) => {
  t.same(flowBudgets(config({ hasTcp: false }, 20_000), 1_024, 1), { descriptors: 1_024, tcp: 0, udp: 872, checks: 64 })
  t.same(flowBudgets(config({}, 20_000), 1_024, 1), { descriptors: 1_024, tcp: 654, udp: 218, checks: 64 })
  t.same(flowBudgets(config({ hasUdp: false }, 20_000), 1_024, 1), { descriptors: 1_024, tcp: 872, udp: 0, checks: 64 })
  t.same(flowBudgets(config({}, 700), 1_024, 1), { descriptors: 1_024, tcp: 654, udp: 218, checks: 64 })
  t.same(flowBudgets(config({}, 200), 1_024, 1), { descriptors: 1_024, tcp: 200, udp: 200, checks: 64 })
})

t.test('line cards share what is configured, and each has descriptors of its own', async (t) => {
  const one = flowBudgets(config({}, 20_000), 20_000, 4)
  t.same(one, { descriptors: 20_000, tcp: 5_000, udp: 5_000, checks: 16 })
  t.same(sumBudgets([one, one, one, one]), { descriptors: 20_000, tcp: 20_000, udp: 20_000, checks: 64 })
})
