import t from 'tap'
import { formatConfigError } from '../dist/config/config-error.js'
import { loadConfig } from '../dist/config/load.js'
import { planCluster } from '../dist/plan/plan.js'

const KEY = '00112233445566778899aabbccddeeff'

function findingsOf(text: string): string[] {
  const result = loadConfig(text, 'c.yaml')
  return (result.ok ? result.warnings : result.errors).map(formatConfigError)
}

function configOf(text: string) {
  const result = loadConfig(text, 'c.yaml')
  if (!result.ok) throw new Error(result.errors.map(formatConfigError).join('\n'))
  return result.config
}

const neighbor = (bfd: string, more = '') =>
  `${more}\nbgp: { neighbors: [{ name: n, switch: uplink, address: 127.0.0.9, as: 1, bfd: ${bfd} }] }`

t.test('BFD is on between LBs and switches by default, and off for neighbours', async (t) => {
  const byDefault = { intervalMs: 300, multiplier: 3, auth: { type: 'meticulous-keyed-sha1', keyId: 1, key: null } }
  t.same(configOf('').bfd, byDefault)
  t.same(configOf('bfd: on').bfd, byDefault)
  t.equal(configOf('bfd: off').bfd, null)
  t.match(configOf('bfd: { interval: 50ms, auth: none }').bfd, { intervalMs: 50, multiplier: 3, auth: null })
  t.match(configOf('bfd: { auth: { type: keyed-sha1, key: k } }').bfd, {
    auth: { type: 'keyed-sha1', keyId: 1, key: 'k' },
  })
  t.equal(configOf(neighbor('off')).bgp.neighbors[0]!.bfd, null)
  t.same(configOf(neighbor('on', 'bfd: { interval: 1s, multiplier: 5 }')).bgp.neighbors[0]!.bfd, {
    intervalMs: 1_000,
    multiplier: 5,
    multihop: true,
    auth: null,
  })
  t.match(configOf(neighbor('{ multiplier: 4, multihop: false }', 'bfd: off')).bgp.neighbors[0]!.bfd, {
    intervalMs: 300,
    multiplier: 4,
    multihop: false,
  })
})

t.test('the plan has the settings at both ends, with a key', async (t) => {
  const { lbs, switches } = planCluster(
    configOf('bfd: { auth: { type: keyed-sha1, key: ab, keyId: 9 } }'),
    '127.20.0.0/16',
    KEY,
  )
  const authentication = { type: 'keyed-sha1', keyId: 9, key: '6162' }
  const settings = { intervalMs: 300, multiplier: 3, multihop: false, authentication }
  for (const { bfd } of lbs) t.same(bfd, settings)
  for (const { bgp } of switches) for (const { bfd } of bgp.neighbors) t.same(bfd, settings)
  t.notOk(JSON.stringify(planCluster(configOf('bfd: off'), '127.20.0.0/16', KEY)).includes('"bfd"'))
})

t.test('errors name the field, the range and the remedy, and show no secret', async (t) => {
  const rows: [string, RegExp][] = [
    ['bfd: yes', /bfd is 'yes': it must be on, off, or a mapping/],
    ['bfd: { interval: 49ms }', /bfd\.interval is 49 ms: it must be from 50ms to 60s/],
    ['bfd: { interval: 0 }', /bfd\.interval is 0 ms: it must be from 50ms to 60s/],
    ['bfd: { interval: 61s }', /bfd\.interval is 61000 ms: it must be from 50ms to 60s/],
    ['bfd: { interval: 300 }', /bfd\.interval is 300: it must be a duration with a unit/],
    ['bfd: { multiplier: 1 }', /bfd\.multiplier is 1: it must be a whole number from 2 to 255/],
    ['bfd: { multiplier: 256 }', /bfd\.multiplier is 256: it must be a whole number from 2 to 255/],
    ['bfd: { auth: md5 }', /bfd\.auth is 'md5': it must be none, keyed-sha1/],
    ['bfd: { auth: { type: keyed-sha1 } }', /bfd\.auth\.key is missing: it must be a text of 1 to 20/],
    [
      'bfd: { auth: { type: keyed-sha1, key: k, keyId: 256 } }',
      /keyId is 256: it must be a whole number from 0 to 255/,
    ],
    [neighbor('{ interval: 10ms }'), /neighbors\[0\]\.bfd\.interval is 10 ms: it must be from 50ms to 60s/],
    [neighbor('{ auth: keyed-sha1 }'), /neighbors\[0\]\.bfd\.auth is 'keyed-sha1': it must be none, or a mapping/],
  ]
  for (const [text, error] of rows) {
    const findings = findingsOf(text)
    t.equal(findings.length, 1, text)
    t.match(findings[0], error)
  }
  for (const key of ['0123456789-0123456789', '"s3cr3t with spaces"', '12345678901', '[s3cr3t]']) {
    const [finding = ''] = findingsOf(`bfd: { auth: { type: keyed-sha1, key: ${key} } }`)
    t.match(finding, /auth\.key is invalid \(a secret, not shown\): it must be a text of 1 to 20/)
    t.notMatch(finding, /s3cr3t|0123456789/)
  }
})

t.test('warnings of detection times that are short, or longer than the hold time', async (t) => {
  t.same(findingsOf('bfd: { interval: 50ms, multiplier: 3 }'), [])
  t.match(findingsOf('bfd: { interval: 50ms, multiplier: 2 }'), [
    /bfd 2 times 50 ms is 100 ms: .*choose 150 ms or more/,
  ])
  t.match(findingsOf('bfd: { interval: 3s }'), [/bfd 3 times 3000 ms is 9000 ms: the hold time of 9 s is over before/])
  t.match(findingsOf(neighbor('{ interval: 60s }')), [/neighbors\[0\]\.bfd 3 times 60000 ms/])
})
