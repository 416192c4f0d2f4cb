import { checkFault, formatQuantity, parseQuantity, parseShorthand, problemText, type Unit } from '@fivetuple/faults'
import t from 'tap'

/** Problem of a value as one line, or the fault. */
function problemOf(json: unknown): unknown {
  const checked = checkFault(json, 'links[0]')
  return checked.ok ? checked.value : problemText(checked.problem)
}

t.test('a problem names the place and the remedy', async (t) => {
  const rows: readonly (readonly [unknown, string])[] = [
    [null, 'links[0]: null is no fault: use an object such as {"kind": "loss", "rate": 0.01}'],
    [
      { kind: 'lag' },
      'links[0].kind: "lag" is no kind of fault: use one of link-down, flap, black-hole, loss, gilbert-elliott, duplicate, rate, delay, reorder',
    ],
    [
      { kind: 'loss' },
      'links[0].rate: share of packets that are dropped is missing: use 0% to 100%, such as 1% or 0.01',
    ],
    [{ kind: 'loss', rate: 1.2 }, 'links[0].rate: 1.2 is too large: use 0% to 100%, such as 1% or 0.01'],
    [{ kind: 'loss', rate: '120%' }, 'links[0].rate: "120%" is too large: use 0% to 100%, such as 1% or 0.01'],
    [{ kind: 'loss', rate: 0.1, share: 1 }, 'links[0].share: loss has no such field: use rate, correlation'],
    [{ kind: 'black-hole', ms: 1 }, 'links[0].ms: black-hole has no such field: use none'],
    [{ kind: 'delay', ms: -1 }, 'links[0].ms: -1 is too small: use 0ms to 600000ms, such as 20ms or 1.5s'],
    [{ kind: 'delay', ms: '20' }, 'links[0].ms: "20" is no duration: use 0ms to 600000ms, such as 20ms or 1.5s'],
    [{ kind: 'delay', ms: Number.NaN }, 'links[0].ms: NaN is no duration: use 0ms to 600000ms, such as 20ms or 1.5s'],
    [
      { kind: 'delay', ms: 20, jitterMs: 30 },
      'links[0].jitterMs: 30ms is above the delay of 20ms, so packets would arrive before they are sent: use at most 20ms',
    ],
    [
      { kind: 'delay', ms: 20, distribution: 'gamma' },
      'links[0].distribution: "gamma" is unknown: use one of uniform, normal, pareto',
    ],
    [{ kind: 'delay', ms: 20, reorders: 1 }, 'links[0].reorders: 1 is neither true nor false: use true or false'],
    [
      { kind: 'rate', bitsPerSecond: 0 },
      'links[0].bitsPerSecond: 0 is too small: use 1kbit to 1000gbit, such as 100mbit',
    ],
    [
      { kind: 'rate', bitsPerSecond: '10mbps' },
      'links[0].bitsPerSecond: "10mbps" is ambiguous (bytes in tc, bits elsewhere): use 1kbit to 1000gbit, such as 100mbit',
    ],
    [
      { kind: 'rate', bitsPerSecond: '1mbit', bufferPackets: 1.5 },
      'links[0].bufferPackets: 1.5 is not whole: use a whole number, 1 to 1000000, such as 1000',
    ],
    [{ kind: 'gilbert-elliott', p: 0, r: 0.5 }, 'links[0].p: 0 is too small: use above 0% to 100%, such as 1% or 0.01'],
    [{ kind: 'reorder', rate: 0.2, byMs: 0 }, /^links\[0\]\.byMs: 0 is too small: use above 0ms/],
  ].map(([json, problem]) => [json, problem as string])
  for (const [json, problem] of rows) t.match(problemOf(json), problem)
})

t.test('shorthand', async (t) => {
  const rows: readonly (readonly [string, string, object])[] = [
    ['delay', '20ms', { ms: 20, jitterMs: 0, distribution: 'uniform', reorders: false }],
    ['delay', '20ms±5ms', { ms: 20, jitterMs: 5 }],
    ['delay', '20ms+-5ms, normal', { ms: 20, jitterMs: 5, distribution: 'normal' }],
    ['delay', '1s,100ms,pareto,reorders=true', { ms: 1_000, jitterMs: 100, distribution: 'pareto', reorders: true }],
    ['loss', '1%', { rate: 0.01 }],
    ['loss', '.5,25%', { rate: 0.5, correlation: 0.25 }],
    ['rate', '100mbit', { bitsPerSecond: 100_000_000 }],
    [
      'rate',
      '2.5Gbit/s,bufferBytes=64kB,burstBytes=1KiB',
      { bitsPerSecond: 2.5e9, bufferBytes: 64_000, burstBytes: 1_024 },
    ],
    ['gilbert-elliott', '1%,25%', { p: 0.01, r: 0.25, lossInBad: 1, lossInGood: 0 }],
    ['flap', '5s,500ms', { upMs: 5_000, downMs: 500 }],
    ['reorder', '25%,10ms,selected=early', { rate: 0.25, byMs: 10, selected: 'early' }],
    ['black-hole', '', {}],
  ]
  for (const [kind, text, fields] of rows)
    t.match(parseShorthand(kind, text), { ok: true, value: { kind, ...fields } }, `${kind} ${text}`)
})

t.test('problems of a shorthand', async (t) => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['lag', '1', "--lag: 'lag' is no kind of fault: use one of link-down"],
    ['delay', '', '--delay.ms: mean delay is missing: use 0ms'],
    ['delay', '-20ms', '--delay.ms: "-20ms" is too small: use 0ms'],
    ['delay', '20ms±', '--delay.jitterMs: "" is no duration: use 0ms'],
    ['delay', '20ms±1ms±1ms', "--delay: '20ms±1ms±1ms' has a ± that delay does not take there: write each"],
    ['delay', 'ms=20ms,20ms', '--delay: ms is given twice: write it once'],
    ['loss', '1%±1%', "--loss: '1%±1%' has a ± that loss does not take there: write each"],
    ['loss', '1%,2%,3%', "--loss: '3%' is one value too many: use rate, correlation"],
    ['loss', '1%,kind=delay', "--loss: loss has no field 'kind': use rate, correlation"],
    ['loss', '1%,__proto__=1', '--loss.__proto__: loss has no such field: use rate, correlation'],
    ['link-down', 'now', "--link-down: 'now' is one value too many: use none"],
  ]
  for (const [kind, text, problem] of rows) {
    const checked = parseShorthand(kind, text, `--${kind}`)
    t.match(checked.ok ? checked.value : problemText(checked.problem), problem)
  }
})

t.test('quantities', async (t) => {
  const rows: readonly (readonly [string, Unit, number | undefined])[] = [
    ['20ms', 'ms', 20],
    ['1.5s', 'ms', 1_500],
    ['2m', 'ms', 120_000],
    ['500us', 'ms', 0.5],
    ['500µs', 'ms', 0.5],
    ['500μs', 'ms', 0.5],
    ['0', 'ms', 0],
    ['20', 'ms', undefined],
    ['1.1%', 'share', 0.011],
    ['0.25', 'share', 0.25],
    ['1e-3', 'share', 0.001],
    ['100mbit', 'bit/s', 100_000_000],
    ['9600 bit/s', 'bit/s', 9_600],
    ['100', 'bit/s', undefined],
    ['100mb', 'bit/s', undefined],
    ['64kB', 'bytes', 64_000],
    ['64KiB', 'bytes', 65_536],
    ['1500', 'bytes', 1_500],
    ['12', 'packets', 12],
    ['12 packets', 'packets', undefined],
    ['', 'packets', undefined],
    ['constructor', 'ms', undefined],
    ['1constructor', 'ms', undefined],
    ['1ms2', 'ms', undefined],
  ]
  for (const [text, unit, value] of rows) t.equal(parseQuantity(text, unit), value, `${text} as ${unit}`)
  for (const [value, unit] of [
    [20, 'ms'],
    [0.011, 'share'],
    [2.5e9, 'bit/s'],
    [999, 'bit/s'],
    [64_000, 'bytes'],
    [7, 'packets'],
  ] as const)
    t.equal(parseQuantity(formatQuantity(value, unit), unit), value, 'what is written is parsed again')
})
