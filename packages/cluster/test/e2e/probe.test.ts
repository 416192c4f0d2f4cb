import t from 'tap'
import { TestCluster } from './test-cluster.js'

interface Flow {
  readonly connection: number
  readonly local: string
  readonly lb?: string
}

interface Report {
  readonly name: string
  readonly completed: number
  readonly failed: number
  readonly portsTaken: number
  readonly flows: { readonly opened: number; readonly perLb: Readonly<Record<string, number>> }
  readonly payload: { readonly upBytes: number; readonly downBytes: number }
  readonly flowList: readonly Flow[]
}

/** Runs `fivetuple probe --json --flows`, and checks its exit code. */
async function probe(
  cluster: TestCluster,
  ...args: readonly string[]
): Promise<{ seed: number | null; from: string | null; targets: readonly Report[] }> {
  const { code, stdout, stderr } = await cluster.cli('probe', ...args, '--json', '--flows')
  if (code > 1) throw new Error(`probe ${args.join(' ')} ended with ${code}: ${stderr}`)
  return JSON.parse(stdout)
}

const firstFlows = (report: Report): string[] =>
  [...report.flowList].sort((a, b) => a.connection - b.connection).map(({ local, lb }) => `${local} ${lb}`)

t.test('the same seed twice: identical five-tuples, on the LBs that were explained beforehand', async (t) => {
  const cluster = await TestCluster.start(t, '127.91.0.0/16')
  const load = ['web', 'api', '--seed', '7', '--connections', '150', '--rate', '150', '--seconds', '1']
  const { stdout } = await cluster.cli('probe', ...load, '--plan', '--json')
  const plan: { flows: readonly { client: string; vip: string; lb: string | null }[] } = JSON.parse(stdout)
  t.match(plan, {
    seed: 7,
    from: '127.91.100.0/22',
    vips: [
      { vip: 'web', flows: 150 },
      { vip: 'api', flows: 150 },
    ],
  })
  const planned = (vip: string): string[] =>
    plan.flows.filter((flow) => flow.vip === vip).map(({ client, lb }) => `${client} ${lb}`)
  const first = await probe(cluster, ...load)
  const second = await probe(cluster, ...load)
  for (const run of [first, second])
    for (const report of run.targets) {
      t.match(report, { completed: 150, failed: 0, portsTaken: 0, flows: { opened: 150 } }, report.name)
      t.same(firstFlows(report), planned(report.name), `${report.name} as planned`)
    }
  for (const { client, vip, lb } of plan.flows.slice(0, 5))
    t.equal((await cluster.api.explain({ client, vip })).route?.lb, lb, 'explain agrees for a single flow')
})
