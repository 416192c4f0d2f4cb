import { readFileSync } from 'node:fs'
import t from 'tap'
import { getOnce } from './http-probe.js'
import { TestCluster } from './test-cluster.js'

const FLOWS = 450
/** 0.1 % points of chi-square with 8 and 6 degrees of freedom. */
const CRITICAL = { a: 26.12, b: 22.46 } as const

t.test("the text's example: of 10 LBs, 9 carry VIP a and 7 carry VIP b, each evenly", async (t) => {
  const cluster = await TestCluster.start(t, '127.88.0.0/16', [], readFileSync('examples/ten-lbs.yaml', 'utf8'))
  for (const [name, eligible] of [
    ['a', 9],
    ['b', 7],
  ] as const) {
    const { listen, lbs } = cluster.vip(name)
    t.equal(lbs.length, eligible)
    const [host, port] = listen.split(':') as [string, string]
    const perLb = new Map(lbs.map((lb) => [lb, 0]))
    for (let i = 0; i < FLOWS; i += 50)
      await Promise.all(
        Array.from({ length: 50 }, async (_, k) => {
          const { status, answer } = await getOnce(host, Number(port), `127.88.100.${1 + k}`, 30_000 + i)
          const lb = cluster.lbOf(answer.peer.address)
          const before = perLb.get(lb ?? '')
          if (status !== 200 || lb === undefined || before === undefined) throw new Error(`${lb} carried VIP ${name}`)
          perLb.set(lb, before + 1)
        }),
      )
    const expected = FLOWS / eligible
    const chiSquare = [...perLb.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)
    t.ok(chiSquare < CRITICAL[name], `VIP ${name}: chi-square ${chiSquare.toFixed(1)} of ${[...perLb.values()]}`)
  }
})
