import t from 'tap'
import { type ProbeFlags, parseProbeFlags } from '../../dist/cli/probe-flags.js'

const DEFAULTS: ProbeFlags = { rate: '100', seconds: '10', connections: '10', timeout: '5s' }

t.test('defaults, sizes and limits', (t) => {
  t.match(parseProbeFlags(DEFAULTS), {
    ratePerSecond: 100,
    durationMs: 10_000,
    count: 1_000,
    connections: 10,
    timeoutMs: 5_000,
  })
  t.match(parseProbeFlags({ ...DEFAULTS, bodyUp: '1MiB', bodyDown: '10kB', newConnections: true }), {
    bodyUpBytes: 1_048_576,
    bodyDownBytes: 10_000,
    connections: 'new',
  })
  t.equal(parseProbeFlags({ ...DEFAULTS, count: '7' }).count, 7)
  t.equal(parseProbeFlags({ ...DEFAULTS, rate: '20000', seconds: '3600' }).count, 1_000_000)
  t.equal(parseProbeFlags({ ...DEFAULTS, seed: '4294967295' }).seed, 4_294_967_295)
  t.end()
})

t.test('each error names the option, the value and the range', (t) => {
  for (const [flags, message] of [
    [{ rate: '0' }, "--rate is '0': a number from 0.01 to 20000 is needed"],
    [{ rate: '-1' }, /--rate is '-1'/],
    [{ seconds: '3601' }, /--seconds is '3601': a number from 0.001 to 3600/],
    [{ count: '0' }, /--count is '0': a whole number from 1 to 1000000/],
    [{ connections: '5001' }, /--connections is '5001': a whole number from 1 to 5000/],
    [{ bodyUp: '65MiB' }, /--body-up is '65MiB': a size from 0 to 64MiB is needed, as in 64KiB/],
    [{ bodyDown: '1.5' }, /--body-down is '1.5': a size/],
    [{ seed: '4294967296' }, /--seed is '4294967296': a whole number from 0 to 4294967295/],
    [{ timeout: '5' }, /--timeout is '5': a duration has a unit/],
    [{ timeout: '0' }, /--timeout is '0': a duration from 1ms to 600s/],
    [{ udp: true, bodyDown: '1' }, /--body-down is for HTTP/],
  ] as const)
    t.throws(() => parseProbeFlags({ ...DEFAULTS, ...flags }), { message, exitCode: 2 })
  t.end()
})
