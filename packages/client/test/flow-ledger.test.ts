import { type BackendReport, FlowLedger, parseBackendReport } from '@fivetuple/client'
import t from 'tap'

const served = (lb: number, backend: number, bipPort = 20_000): BackendReport => ({
  backend: `backend-${backend}`,
  bip: `127.20.2.${lb}`,
  bipPort,
})

t.test('counts each flow once, whatever its number of responses', (t) => {
  const ledger = new FlowLedger(new Map([['127.20.2.1', 'lb-1']]))
  const first = ledger.open('127.20.100.1:40000', 1)
  const second = ledger.open('127.20.100.2:40000', 2)
  const third = ledger.open('127.20.100.3:40000', 3)
  for (const at of [5, 6, 7]) ledger.response(first, at, served(1, 2))
  ledger.response(second, 8, served(10, 2))
  ledger.close(second, 'ECONNRESET')
  ledger.close(second, 'closed')
  ledger.response(second, 9, served(1, 1))
  t.same(ledger.summary(), {
    opened: 3,
    withResponse: 2,
    translationChanges: 0,
    perBip: { '127.20.2.1': 1, '127.20.2.10': 1 },
    perLb: { 'lb-1': 1 },
    perBackend: { 'backend-2': 2 },
    ends: { ECONNRESET: 1 },
  })
  t.match(ledger.flows(), [
    { id: first, local: '127.20.100.1:40000', lb: 'lb-1', backend: 'backend-2', responses: 3, lastResponseMs: 7 },
    { id: second, responses: 1, end: 'ECONNRESET' },
    { id: third, responses: 0 },
  ])
  t.end()
})

t.test('detects a response over another session', (t) => {
  const ledger = new FlowLedger()
  const flow = ledger.open('127.20.100.1:40000', 0)
  ledger.response(flow, 1, served(1, 1))
  ledger.response(flow, 2, undefined)
  t.equal(ledger.summary().translationChanges, 0)
  for (const other of [served(2, 1), served(1, 2), served(1, 1, 20_001)]) ledger.response(flow, 3, other)
  t.equal(ledger.summary().translationChanges, 3)
  t.same(ledger.summary().perBackend, { 'backend-1': 1 }, 'it stays where it was first')
  t.end()
})

t.test('parses the body of a backend, and nothing else', (t) => {
  const body = '{"backend":"backend-1","peer":{"address":"127.20.2.1","port":20000},"requests":7}'
  t.same(parseBackendReport(body), served(1, 1))
  const others = ['', 'hello', '{', '{}', '[]', 'null', '{"backend":"x"}', '{"backend":"x","peer":null}']
  for (const other of [...others, '{"backend":1,"peer":{"address":"a","port":1}}'])
    t.equal(parseBackendReport(other), undefined)
  t.end()
})
