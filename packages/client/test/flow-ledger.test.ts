import { type Answer, FlowLedger, parseAnswer } from '@fivetuple/client'
import t from 'tap'

const answer = (lb: number, backend: number, bipPort = 20_000): Answer => ({
  backend: `backend-${backend}`,
  bip: `127.20.2.${lb}`,
  bipPort,
})

t.test('counts each flow once, however many answers it brings', (t) => {
  const ledger = new FlowLedger(new Map([['127.20.2.1', 'lb-1']]))
  const first = ledger.open('127.20.100.1:40000', 1)
  const second = ledger.open('127.20.100.2:40000', 2)
  const third = ledger.open('127.20.100.3:40000', 3)
  for (const at of [5, 6, 7]) ledger.answer(first, at, answer(1, 2))
  ledger.answer(second, 8, answer(10, 2))
  ledger.close(second, 'ECONNRESET')
  ledger.close(second, 'closed')
  ledger.answer(second, 9, answer(1, 1))
  t.same(ledger.summary(), {
    opened: 3,
    answered: 2,
    moves: 0,
    byBip: { '127.20.2.1': 1, '127.20.2.10': 1 },
    byLb: { 'lb-1': 1 },
    byBackend: { 'backend-2': 2 },
    ends: { ECONNRESET: 1 },
  })
  t.match(ledger.flows(), [
    { id: first, local: '127.20.100.1:40000', lb: 'lb-1', backend: 'backend-2', answers: 3, lastAnswerMs: 7 },
    { id: second, answers: 1, end: 'ECONNRESET' },
    { id: third, answers: 0 },
  ])
  t.end()
})

t.test('tells when a flow is answered over another session', (t) => {
  const ledger = new FlowLedger()
  const flow = ledger.open('127.20.100.1:40000', 0)
  ledger.answer(flow, 1, answer(1, 1))
  ledger.answer(flow, 2, undefined)
  t.equal(ledger.summary().moves, 0)
  for (const other of [answer(2, 1), answer(1, 2), answer(1, 1, 20_001)]) ledger.answer(flow, 3, other)
  t.equal(ledger.summary().moves, 3)
  t.same(ledger.summary().byBackend, { 'backend-1': 1 }, 'it stays where it was first')
  t.end()
})

t.test('reads the answer of our backends, and nothing else', (t) => {
  const body = '{"backend":"backend-1","peer":{"address":"127.20.2.1","port":20000},"requests":7}'
  t.same(parseAnswer(body), answer(1, 1))
  const others = ['', 'hello', '{', '{}', '[]', 'null', '{"backend":"x"}', '{"backend":"x","peer":null}']
  for (const other of [...others, '{"backend":1,"peer":{"address":"a","port":1}}'])
    t.equal(parseAnswer(other), undefined)
  t.end()
})
