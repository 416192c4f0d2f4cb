import t from 'tap'
import { parseWrk } from '../dist/line-cards/wrk.js'

const OUTPUT = `Running 3s test @ http://127.21.10.1:8080/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     4.71ms    2.13ms  38.21ms   86.52%
    Req/Sec    13.90k     1.71k   16.22k    73.33%
  Latency Distribution
     50%    4.26ms
     75%    5.36ms
     90%    6.87ms
     99%   13.04ms
  41524 requests in 3.00s, 9.50MB read
Requests/sec:  13830.44
Transfer/sec:      3.17MB
`

t.test('what wrk prints', async (t) => {
  t.strictSame(parseWrk(OUTPUT), {
    requests: 41_524,
    requestsPerSecond: 13_830.44,
    p50Ms: 4.26,
    p99Ms: 13.04,
    errors: 0,
  })
  const troubled = OUTPUT.replace('4.26ms', '830.00us')
    .replace('13.04ms', '1.02s')
    .replace(
      'Requests/sec',
      '  Socket errors: connect 0, read 3, write 0, timeout 2\n  Non-2xx or 3xx responses: 7\nRequests/sec',
    )
  t.match(parseWrk(troubled), { p50Ms: 0.83, p99Ms: 1_020, errors: 12 })
  t.equal(parseWrk('unable to connect to 127.0.0.1:1 Connection refused'), undefined)
})
