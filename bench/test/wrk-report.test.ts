import { parseWrkReport, wrkScript } from '@fivetuple/bench'
import t from 'tap'

const OUTPUT = `Running 10m test @ http://127.70.10.1:8080/
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   100.00us   50.00us   5.00ms   90.00%
  20000 requests in 2.00s, 3.30MB read
Requests/sec:  10000.00

fivetuple-bench 2000000 20000 3460300 120 750 0 3 0 0 1
`

t.test('parses the output of the script', (t) => {
  t.same(parseWrkReport(OUTPUT), {
    windowMs: 2000,
    requests: 20_000,
    bytes: 3_460_300,
    p50Ms: 0.12,
    p99Ms: 0.75,
    errors: { read: 3, timeout: 1 },
  })
  t.end()
})

t.test('a run without a response has no latency', (t) => {
  const sample = parseWrkReport('fivetuple-bench 2000000 0 0 0 0 64 0 0 0 0\n')
  t.match(sample, { requests: 0, p50Ms: Number.NaN, p99Ms: Number.NaN, errors: { connect: 64 } })
  t.end()
})

t.test('returns undefined without a report', (t) => {
  t.equal(parseWrkReport(''), undefined)
  t.equal(parseWrkReport('unable to connect to 127.70.10.1:8080 Connection refused\n'), undefined)
  t.equal(parseWrkReport('fivetuple-bench 2000000 20000 3460300\n'), undefined)
  t.equal(parseWrkReport(OUTPUT.replace('750', '-nan')), undefined)
  t.end()
})

t.test('the script contains each request', (t) => {
  const plain = wrkScript({ method: 'GET', bodyBytes: 0, isFresh: false })
  t.notMatch(plain, /wrk\.body|Connection/)
  const upload = wrkScript({ method: 'POST', bodyBytes: 16_384, isFresh: true })
  t.match(upload, 'wrk.method = "POST"\nwrk.body = string.rep("x", 16384)\nwrk.headers["Connection"] = "close"\n')
  t.end()
})
