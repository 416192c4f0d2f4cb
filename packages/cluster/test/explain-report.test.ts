import t from 'tap'
import { renderExplanation } from '../dist/cli/explain-report.js'

const ROUTE = {
  prefix: '127.20.10.1/32',
  cost: 0,
  m: 3,
  index: 1,
  hash: { name: 'murmur3', seed: 0, value: 4 },
  selection: 'modulo',
  reason: '4 % 3 = 1',
  port: 2,
  lb: 'lb-2',
} as const
const SESSION = {
  protocol: 'tcp',
  client: '127.0.0.1:5000',
  vip: '127.20.10.1:8080',
  bip: '127.20.2.1:4096',
  backend: '127.20.3.1:8080',
  state: 'established',
  ageMs: 9,
  idleMs: 3,
  packetsFromClient: 1,
  packetsFromBackend: 1,
} as const

t.test('a flow whose session another LB holds is broken by rehash, unless it is UDP', async (t) => {
  const flow = { client: SESSION.client, vip: SESSION.vip, route: ROUTE, session: null }
  const elsewhere = [{ lb: 'lb-1', session: SESSION }]
  t.match(
    renderExplanation({ ...flow, protocol: 'tcp', sessionsElsewhere: elsewhere }),
    /^ {2}session +none\n {2}outcome +broken by rehash: lb-1 has its session \(established\), and the flow ends when its client/m,
  )
  t.match(
    renderExplanation({ ...flow, protocol: 'udp', sessionsElsewhere: elsewhere }),
    /^ {2}outcome +rehashed: lb-1 has its session, and its next datagram gets another one$/m,
  )
  t.notMatch(renderExplanation({ ...flow, protocol: 'tcp', sessionsElsewhere: [] }), /outcome/)
})
