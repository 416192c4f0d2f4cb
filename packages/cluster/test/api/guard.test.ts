import t from 'tap'
import { Guard } from '../../dist/api/guard.js'
import { ApiError } from '../../dist/api/problem.js'

const HOST = '127.20.0.254:7070'
const OWNER = { host: HOST, authorization: 'Bearer secret' }
const STRANGER = { host: HOST, authorization: 'Bearer guess' }

/** Status of the response to a request with these headers; 200 if it is admitted. */
function statusOf(guard: Guard, headers: Record<string, string>, now: number): number {
  try {
    guard.admit(headers, now)
    return 200
  } catch (error) {
    if (error instanceof ApiError) return error.status
    throw error
  }
}

/** Number of responses per status if `count` requests are sent at one moment. */
function statuses(guard: Guard, headers: Record<string, string>, now: number, count: number): Record<number, number> {
  const counts: Record<number, number> = {}
  for (let i = 0; i < count; i++) {
    const status = statusOf(guard, headers, now)
    counts[status] = (counts[status] ?? 0) + 1
  }
  return counts
}

t.test('a request with the token, to the right host and not from a web page, is admitted', (t) => {
  const guard = new Guard(HOST, 'secret', 0)
  const cases: readonly [status: number, headers: Record<string, string>][] = [
    [200, OWNER],
    [200, { host: HOST, authorization: 'bearer secret' }],
    [200, { host: HOST, authorization: 'BEARER secret' }],
    [401, { host: HOST }],
    [401, { host: HOST, authorization: 'Basic secret' }],
    [401, STRANGER],
    [401, { host: HOST, authorization: 'secret' }],
    [401, { host: HOST, authorization: 'Bearer secre' }],
    [401, { host: HOST, authorization: 'Bearer secretx' }],
    [421, { ...OWNER, host: 'localhost:7070' }],
    [421, { authorization: 'Bearer secret' }],
    [403, { ...OWNER, origin: `http://${HOST}` }],
    [403, { ...OWNER, origin: 'null' }],
  ]
  for (const [status, headers] of cases) t.equal(statusOf(guard, headers, 0), status, JSON.stringify(headers))
  t.end()
})

t.test('a client with the token may send a thousand requests at once, then five hundred a second', (t) => {
  const guard = new Guard(HOST, 'secret', 0)
  t.strictSame(statuses(guard, OWNER, 0, 1_500), { 200: 1_000, 429: 500 })
  t.strictSame(statuses(guard, OWNER, 1_000, 1_500), { 200: 500, 429: 1_000 })
  let refused = 0
  for (let ms = 2_000; ms < 12_000; ms += 2) if (statusOf(guard, OWNER, ms) !== 200) refused++
  t.equal(refused, 0, '500 requests a second, one after the other, for any time')
  t.end()
})

t.test('requests without the token have a limit of their own', (t) => {
  const guard = new Guard(HOST, 'secret', 0)
  t.strictSame(statuses(guard, STRANGER, 0, 10_000), { 401: 100, 429: 9_900 })
  t.strictSame(statuses(guard, OWNER, 0, 1_000), { 200: 1_000 }, 'and use up nothing of the limit of the owner')
  t.equal(statusOf(guard, { ...OWNER, origin: 'http://evil.example' }, 0), 429, 'for each reason of a refusal')
  t.equal(statusOf(guard, STRANGER, 20), 401, 'a fiftieth of a second later one more gets its reason')
  try {
    guard.admit(STRANGER, 20)
    t.fail('it was admitted')
  } catch (error) {
    t.match(error, { status: 429, headers: { 'retry-after': '1' } })
  }
  t.end()
})
