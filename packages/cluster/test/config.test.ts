import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { BACKEND_POLICY_NAMES } from '@fivetuple/lb-node'
import { FLOW_HASHES } from '@fivetuple/packet'
import { ECMP_SELECTIONS } from '@fivetuple/switch'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import t from 'tap'
import { checkSchema } from '../dist/config/check-schema.js'
import { formatConfigError, formatConfigWarning } from '../dist/config/config-error.js'
import { defaultConfig } from '../dist/config/default-config.js'
import { didYouMean } from '../dist/config/did-you-mean.js'
import { parseDuration } from '../dist/config/duration.js'
import { edgeTimers } from '../dist/config/edge-timers.js'
import { loadConfig } from '../dist/config/load.js'
import type { SchemaNode } from '../dist/config/schema-node.js'

const SCHEMA = JSON.parse(readFileSync(new URL('../schema/cluster.schema.json', import.meta.url), 'utf8'))

function errorsOf(text: string, overrides = {}): string[] {
  const result = loadConfig(text, 'c.yaml', overrides)
  return result.ok ? [] : result.errors.map(formatConfigError)
}

function warningsOf(text: string, overrides = {}): string[] {
  const result = loadConfig(text, 'c.yaml', overrides)
  return result.ok ? result.warnings.map(formatConfigWarning) : errorsOf(text, overrides)
}

t.test('an empty file is the default cluster, and so is no file', async (t) => {
  const result = loadConfig('# nothing\n', 'c.yaml')
  t.same(result, defaultConfig())
  t.ok(result.ok)
  if (!result.ok) return
  const { config } = result
  t.equal(config.lbs, 4)
  t.equal(config.backends.length, 4)
  t.same(
    config.vips.map(({ name, lbs }) => [name, lbs.length]),
    [
      ['web', 4],
      ['api', 3],
    ],
  )
  t.equal(config.lbSettings.nat.timeouts.establishedMs, 900_000)
})

t.test("an LB's own settings go over those of all", async (t) => {
  const text = [
    'nat: {maxSessions: 5000, timeouts: {udp: 7s}}',
    'capacity: {newFlowsPerSecond: 100}',
    'overrides:',
    '  lb-2: {nat: {timeouts: {syn: 9s}}, capacity: {packetsPerSecond: 50}}',
  ]
  const result = loadConfig(text.join('\n'), 'c.yaml')
  if (!result.ok) throw new Error(errorsOf(text.join('\n')).join())
  const { lbSettings, overrides } = result.config
  t.same(lbSettings.capacity, { packetsPerSecond: null, newFlowsPerSecond: 100 })
  t.same(overrides['lb-2']!.capacity, { packetsPerSecond: 50, newFlowsPerSecond: 100 })
  t.equal(overrides['lb-2']!.nat.maxSessions, 5_000)
  t.match(overrides['lb-2']!.nat.timeouts, { synMs: 9_000, udpMs: 7_000, closedMs: 2_000 })
})

t.test('the file in the documentation can be used as it stands', async (t) => {
  const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')
  const [, file = ''] = /```yaml\n(.*?)```/s.exec(page) ?? []
  t.same(errorsOf(file), [])
})

t.test('a configuration can name exactly the policies that there are', async (t) => {
  t.same(SCHEMA.properties.vips.items.properties.policy.enum, BACKEND_POLICY_NAMES)
})

t.test('a configuration can name exactly the selections and hashes that there are', async (t) => {
  const { selection, hash } = SCHEMA.properties.ecmp.properties
  t.same(selection.enum, Object.keys(ECMP_SELECTIONS))
  t.same(hash.enum, Object.keys(FLOW_HASHES))
})

t.test('how backends are checked by default', async (t) => {
  const checks = (text: string) => {
    const result = loadConfig(text, 'c.yaml')
    return result.ok ? result.config.vips.map(({ health }) => health.check?.type ?? 'none') : errorsOf(text)
  }
  t.same(checks('vips: [{name: a}, {name: b, protocol: udp}]'), ['http', 'none'])
  t.same(checks('backends: [{name: nginx, address: 127.0.0.1, port: 80}]'), ['tcp', 'tcp'])
  t.same(checks('vips: [{name: a, health: {check: none}}, {name: b, health: {check: tcp}}]'), ['none', 'tcp'])
})

t.test('the request of an HTTP check and the statuses that it expects', async (t) => {
  const check = (health: string) => {
    const result = loadConfig(`vips: [{name: a, health: {${health}}}]`, 'c.yaml')
    return result.ok ? result.config.vips[0]!.health.check : errorsOf(health)
  }
  t.match(check('check: http'), { path: '/healthz', method: 'GET', host: null, port: null, expectStatus: [[200, 399]] })
  t.match(check('method: HEAD, host: www.example.org, port: 9000, status: 204'), {
    method: 'HEAD',
    host: 'www.example.org',
    port: 9000,
    expectStatus: [[204, 204]],
  })
  t.match(check('host: "[::1]:80", status: [200-299, 401]'), {
    host: '[::1]:80',
    expectStatus: [
      [200, 299],
      [401, 401],
    ],
  })
})

t.test('the command line goes before the file', async (t) => {
  const result = loadConfig('lbs: 2\nblock: 127.9.0.0/16', 'c.yaml', { lbs: 6, backends: 1, block: undefined })
  t.ok(result.ok && result.config.lbs === 6 && result.config.backends.length === 1)
  t.equal(result.ok && result.config.block, '127.9.0.0/16')
  t.same(errorsOf('', { lbs: 251 }), ['--lbs: is 251: it must be a whole number from 1 to 250'])
  t.same(errorsOf('lbs: 4', { block: '10.0.0.0/16' }), [
    "--block: is '10.0.0.0/16': it must be 'auto' or a /16 from 127.1.0.0/16 to 127.254.0.0/16",
  ])
  const one = defaultConfig({ lbs: 1 })
  t.same(one.ok && one.config.vips.map(({ lbs }) => lbs), [['lb-1'], ['lb-1']])
})

t.test('all errors of a file are reported at once, each with its place and its remedy', async (t) => {
  const text = [
    'vips:',
    '  - {name: web, prot: 1, port: 99999}',
    '  - name: api',
    '    protocol: tpc',
    '    address: 127.0.1',
    'bgp: 5',
    'lbz: 3',
    'nat: {timeouts: {syn: 5x}, portRange: [1]}',
    'log: {level:}',
    'bgp2: 1',
  ]
  t.same(errorsOf(text.join('\n')), [
    "c.yaml:2:17: vips[0].prot is no setting: did you mean 'port'?",
    'c.yaml:2:26: vips[0].port is 99999: it must be a whole number from 1 to 65535',
    "c.yaml:4:5: vips[1].protocol is 'tpc': did you mean 'tcp'? It must be one of tcp, udp",
    "c.yaml:5:5: vips[1].address is '127.0.1': it must be an IPv4 address such as 127.20.10.1",
    'c.yaml:6:1: bgp is 5: it must be a mapping',
    "c.yaml:7:1: lbz is no setting: did you mean 'lbs'?",
    "c.yaml:8:18: nat.timeouts.syn is '5x': it must be a duration with a unit, such as 200ms, 5s or 15m",
    'c.yaml:8:28: nat.portRange has 1 entries: it must be a list of two ports, first and last, as in [4096, 32767]',
    'c.yaml:9:7: log.level has no value: give it one or remove the key',
    "c.yaml:10:1: bgp2 is no setting: did you mean 'bgp'?",
  ])
})

function manyVips(count: number): string {
  return Array.from({ length: count }, (_, i) => `{name: v${i + 1}}`).join(', ')
}

t.test('an unclosed bracket is distinguished from uneven indentation', async (t) => {
  for (const text of ['lbs: [\n', 'bgp: {\n']) t.match(errorsOf(text).join(), /: close the bracket, or indent/, text)
  t.match(errorsOf('bgp:\n    port: 1\n  switchAs: 2\n').join(), /: indent all entries/)
})

/** Each text has exactly one error that only the whole configuration shows. */
const CONTRADICTIONS: readonly [text: string, problem: RegExp][] = [
  ['vips: [{name: a}, {name: a}]', /vips\[1\]\.name 'a' is there twice/],
  ['vips: [{name: a, lbs: [lb-5]}]', /vips\[0\]\.lbs\[0\] is 'lb-5', and there is no such LB: there is lb-1 to lb-4/],
  ['vips: [{name: a, lbs: [lb1]}]', /did you mean 'lb-1'\?/],
  ['vips: [{name: a, backends: [x]}]', /there is no such backend: there is backend-1 to backend-4/],
  [
    'vips: [{name: a, address: 127.21.10.1}]',
    /outside the range for VIPs: choose one from 127\.20\.10\.1 to 127\.20\.13\.254/,
  ],
  ['vips: [{name: a, address: 127.20.2.1}]', /outside the range for VIPs/],
  ['vips: [{name: a, address: 127.20.14.1}]', /outside the range for VIPs/],
  [
    `redundancy: active-standby\nvips: [${manyVips(256)}]`,
    /redundancy is active-standby, with 256 VIP addresses: VRRP distinguishes at most 255/,
  ],
  ['vips: [{name: a, address: 127.20.10.255}]', /outside the range for VIPs/],
  ['vips: [{name: a, address: 198.18.0.1}]', /can't connect to it: add expose/],
  ['vips: [{name: a, address: 224.0.0.1, expose: "127.0.0.1:81"}]', /is no unicast address/],
  ['{block: auto, vips: [{name: a, address: 127.20.10.1}]}', /the block is chosen at start: remove it/],
  ['vips: [{name: a, expose: "10.0.0.1:80"}]', /choose a loopback address:port/],
  ['vips: [{name: a, expose: "127.0.0.1:65536"}]', /a port is at most 65535/],
  ['vips: [{name: a, expose: "127.20.0.1:80"}]', /lies in the block/],
  ['vips: [{name: a, expose: "127.0.0.1:81"}, {name: b, expose: "127.0.0.1:81"}]', /is taken by VIP 'a'/],
  [
    'backends: [{name: s, address: 127.0.0.1, port: 81}]\nvips: [{name: a, expose: "127.0.0.1:81"}]',
    /vips\[0\]\.expose 127\.0\.0\.1:81 is backend 's', so that connections would go in a circle: choose another/,
  ],
  [
    'bgp: {neighbors: [{name: n, address: 127.0.0.9, as: 65009, switch: uplink}]}\nvips: [{name: a, expose: "127.0.0.9:1790"}]',
    /127\.0\.0\.9:1790 is where BGP neighbour 'n' listens/,
  ],
  ['vips: [{name: a, address: 127.20.10.2}, {name: b}]', /tcp 127\.20\.10\.2:8080 is VIP 'a' already/],
  [
    'vips: [{name: a, address: 127.20.10.1}, {name: b, port: 81, address: 127.20.10.1, lbs: [lb-1]}]',
    /differs from that of VIP 'a'/,
  ],
  ['backends: [{name: a, address: 127.0.0.1, port: 1}, {name: a, address: 127.0.0.1, port: 2}]', /'a' is there twice/],
  ['backends: [{name: a, address: 127.0.0.1, port: 1}, {name: b, address: 127.0.0.1, port: 1}]', /is 'a' already/],
  ['backends: [{name: lb-1, address: 127.0.0.1, port: 1}]', /is the name of a role/],
  ['backends: [{name: a, address: 10.0.0.1, port: 1}]', /is outside 127\.0\.0\.0\/8/],
  ['backends: [{name: a, address: 127.20.0.1, port: 1}]', /belongs to roles: choose one in 127\.20\.3\.0\/24, or/],
  ['block: 127.0.0.0/16', /from 127\.1\.0\.0\/16/],
  ['bgp: {holdTime: 2s}', /it must be 0, or 3s to 65535s in whole seconds/],
  ['bgp: {port: 4701}', /plug in their cables/],
  ['bgp: {lbAs: 65000}', /sessions are external BGP/],
  ['bgp: {nextHops: 198.18.0.0/30}', /an address for each LB/],
  ['bgp: {neighbors: [{name: uplink, switch: uplink, address: 127.0.0.9, as: 1}]}', /'uplink' is taken/],
  ['bgp: {neighbors: [{name: bird, switch: uplink, address: 127.20.1.1, as: 1}]}', /belongs to roles/],
  ['bgp: {neighbors: [{name: bird, switch: uplink, address: 127.0.0.9, as: 65000}]}', /is the AS of its switch/],
  [
    'bgp: {neighbors: [{name: bird, switch: uplink, address: 127.0.0.9, as: 1, allowedPrefixes: [10.0.0.1/8]}]}',
    /allowedPrefixes\[0\] 10\.0\.0\.1\/8 has bits set beyond its length/,
  ],
  [
    'bgp: {neighbors: [{name: bird, switch: uplink, address: 192.0.2.1, as: 1}]}',
    /address 192\.0\.2\.1 is outside 127\.0\.0\.0\/8: .* give the daemon one, such as 127\.0\.0\.9/,
  ],
  ['bgp: {neighbors: [{name: all, switch: uplink, address: 127.0.0.9, as: 1}]}', /'all' is taken/],
  [
    'bgp: {neighbors: [{name: bird, switch: uplink, address: 127.0.0.9, as: 1, holdTime: 2s}]}',
    /neighbors\[0\]\.holdTime is 2 s: it must be 0, or 3s to 65535s/,
  ],
  [
    'bgp: {neighbors: [{name: bird, switch: uplink, address: 127.0.0.9, as: 1, export: backends}]}',
    /export is 'backends', of which the uplink switch has no routes: choose 'default' or 'vips'/,
  ],
  [
    'bgp: {neighbors: [{name: bird, switch: downlink, address: 127.0.0.9, as: 1, export: [vips]}]}',
    /export is 'vips', of which the downlink switch has no routes: choose 'backends'/,
  ],
  ['nat: {portRange: [5000, 4000]}', /put the smaller port first/],
  ['nat: {portRange: [1024, 65535]}', /start at 3072 or above: health checks use the ports below/],
  ['vrrp: {interval: 1m}', /vrrp\.interval is 60000 ms: it must be from 10 ms to 40\.95s/],
  ['overrides: {lb-9: {capacity: {packetsPerSecond: 5}}}', /overrides\.lb-9 is no LB: there is lb-1 to lb-4/],
  ['overrides: {lb-2: {nat: {timeouts: {syn: 1ms}}}}', /overrides\.lb-2\.nat\.timeouts\.syn is 1 ms/],
  ['vips: [{name: a, weights: {backend-9: 1}}]', /no such backend of this VIP: there is backend-1 to backend-4/],
  ['vips: [{name: a, backends: [backend-1], weights: {backend-2: 1}}]', /there is backend-1/],
  ['vips: [{name: a, health: {low: 3, high: 2}}]', /low is 3, above high/],
  ['vips: [{name: a, health: {low: 5}}]', /low is 5, and the VIP has 4 backends: it would never come up/],
  ['vips: [{name: a, health: {status: 299-200}}]', /health\.status is 299-200: put the lower status first/],
  ['vips: [{name: a, health: {status: 99}}]', /health\.status is 99/],
  ['vips: [{name: a, health: {status: [200, 20]}}]', /health\.status\[1\] is 20/],
  ['vips: [{name: a, health: {host: "a b"}}]', /health\.host is 'a b': it must be a host name/],
  ['vips: [{name: a, health: {host: "a\\r\\nx: y"}}]', /health\.host/],
  ['vips: [{name: a, health: {method: POST}}]', /it must be one of GET, HEAD, OPTIONS/],
  ['vips: [{name: a, health: {check: udp}}]', /is 'udp', but the VIP carries TCP/],
  ['vips: [{name: a, health: {slowStart: 5s}}]', /slowStart has no effect with policy round-robin/],
  ['vips: [{name: a, health: {interval: 1ms}}]', /health\.interval is 1 ms/],
  ['nat: {timeouts: {udp: 1ms}}', /nat\.timeouts\.udp is 1 ms: it must be from 10 ms to 168 h/],
  ['edge: {keepAlive: 9999h}', /edge\.keepAlive/],
]

t.test('what contradicts itself is refused', async (t) => {
  for (const [text, problem] of CONTRADICTIONS) {
    const errors = errorsOf(text)
    t.equal(errors.length, 1, text)
    t.match(errors[0], problem)
  }
})

t.test('what looks odd but fits is taken', async (t) => {
  for (const text of [
    'vips: [{name: a, protocol: udp}, {name: b, address: 127.20.10.1}]',
    'vips: [{name: a, address: 198.18.0.1, expose: "127.0.0.1:81"}]',
    'vips: [{name: a, expose: "127.0.0.1:81"}, {name: b, protocol: udp, expose: "127.0.0.1:81"}]',
    'backends: [{name: s, address: 127.0.0.1, port: 81}]\nvips: [{name: a, expose: "127.0.0.1:82"}, {name: b, expose: "127.0.0.2:81"}]',
    // A TCP listener and a UDP server have nothing to do with each other.
    'backends: [{name: s, address: 127.0.0.1, port: 81}, {name: r, address: 127.0.0.1, port: 83}]\nvips: [{name: a, backends: [r], expose: "127.0.0.1:81"}, {name: b, backends: [s], protocol: udp}]',
    'backends: [{name: a, address: 127.0.0.1, port: 1}, {name: b, address: 127.0.0.1, port: 2}]',
    'vips: [{name: a, lbs: &lbs [lb-1]}, {name: b, lbs: *lbs}]',
    'bgp: {holdTime: 90s, nextHops: 198.18.0.0/24}',
    'bgp: {holdTime: 0}',
  ])
    t.same(errorsOf(text), [], text)
})

t.test('settings that are valid and probably not meant are warned of, with place and remedy', async (t) => {
  t.same(warningsOf(''), [])
  t.same(warningsOf('vips: [{name: a, weights: {backend-1: 0}}]'), [])
  t.same(warningsOf('backends: 2\nvips:\n  - name: a\n    weights: {backend-1: 0, backend-2: 0}'), [
    'warning: c.yaml:4:5: vips[0].weights are all 0, so no backend gets a new flow: raise the weight of a backend; a backend without an entry has weight 1',
  ])
  t.same(warningsOf('vips: [{name: a, backends: [backend-1, backend-3]}]'), [
    'warning: c.yaml:1:1: backends is 4, and no VIP uses backend-2, backend-4: add them to the backends of a VIP, or start fewer',
  ])
  t.match(warningsOf('vips: [{name: a, backends: [backend-1]}]', { backends: 2 }).join(), /^warning: --backends: is 2/)
  const own = '[{name: x, address: 127.0.0.1, port: 1}, {name: y, address: 127.0.0.1, port: 2}]'
  t.same(warningsOf(`backends: ${own}\nvips: [{name: a, backends: [x]}]`), [
    "warning: c.yaml:1:52: backends[1] 'y' is used by no VIP: add it to the backends of a VIP, or remove it",
  ])
  t.match(warningsOf('vips: [{name: a, protocol: udp}]').join(), /^warning: c.yaml:1:8: vips\[0\] carries UDP, and /)
  for (const intended of ['health: {check: udp}', 'health: {check: none}'])
    t.same(warningsOf(`vips: [{name: a, protocol: udp, ${intended}}]`), [], intended)
  t.same(warningsOf('vips: [{name: a, protocol: udp}]', { checks: false }), [])
  t.same(warningsOf('vips: [{name: a, health: {check: tcp, port: 81, status: 200}}]'), [
    "warning: c.yaml:1:49: vips[0].health.status has no effect on a check of type tcp: add 'check: http', or remove status",
  ])
})

t.test('a client address that gets nowhere, or into connections of others, is warned of', async (t) => {
  const checked = 'protocol: udp, health: {check: udp}'
  t.match(warningsOf(`vips: [{name: a, ${checked}, clientAddress: proxy-v2}]`), [
    /^warning: c.yaml:1:\d+: vips\[0\]\.clientAddress has no effect: /,
  ])
  const proxied = '{name: a, port: 80, clientAddress: proxy-v2}'
  t.match(warningsOf(`vips: [${proxied}, {name: b, port: 81}]`), [
    /^warning: c.yaml:1:\d+: vips\[1\] shares 'backend-1' with 'a', so its connections to it begin with a PROXY header/,
  ])
  t.same(warningsOf(`vips: [${proxied}, {name: b, port: 81, clientAddress: proxy-v2}]`), [])
  t.same(warningsOf(`vips: [${proxied}, {name: b, port: 81, ${checked}}]`), [])
})

t.test('the keep-alive of the edges follows the hold time unless it is set or off', async (t) => {
  const edge = (text: string) => {
    const result = loadConfig(text, 'c.yaml')
    return result.ok && [result.config.edge.keepAliveMs, edgeTimers(result.config)]
  }
  t.match(edge(''), [9_000, { deadPeerMs: 12_000, halfClosedKeepAliveMs: 65_000, userTimeoutMs: 14_000 }])
  t.match(edge('bgp: {holdTime: 90s}'), [90_000, { deadPeerMs: 93_000, userTimeoutMs: 95_000 }])
  t.match(edge('bgp: {holdTime: 0}'), [9_000, { deadPeerMs: 12_000, userTimeoutMs: 10_000 }])
  t.match(edge('edge: {keepAlive: 0}'), [null, { deadPeerMs: null }])
  t.match(edge('edge: {keepAlive: 30s}\noverrides: {lb-2: {nat: {timeouts: {closing: 2m}}}}'), [
    30_000,
    { deadPeerMs: 33_000, halfClosedKeepAliveMs: 125_000 },
  ])
})

t.test('a warning reports timers that end or rehash flows although their path works', async (t) => {
  t.match(warningsOf('edge: {keepAlive: 5s}'), [
    /1:8: edge.keepAlive ends a flow after 8 s of silence, before the hold time of 9 s is over: /,
  ])
  t.same(warningsOf('edge: {keepAlive: 7s}'), [])
  t.same(warningsOf('edge: {keepAlive: 1s}\nbgp: {holdTime: 3s}'), [])
  t.match(warningsOf('nat: {timeouts: {established: 8s}}'), [
    /nat.timeouts.established is 8 s, and an idle flow is first probed after 9 s: its session is gone by then: /,
  ])
  t.match(warningsOf('overrides: {lb-2: {nat: {timeouts: {established: 8s}}}}'), [/overrides.lb-2.nat.timeouts.estab/])
  t.same(warningsOf('edge: {keepAlive: 0}\nnat: {timeouts: {established: 8s}}'), [], 'it is meant')
  t.match(warningsOf('ecmp: {selection: resilient, idleTimer: 5s}'), [
    /ecmp.idleTimer is 5 s, and the hold time is 9 s/,
  ])
  t.same(warningsOf('ecmp: {selection: resilient, idleTimer: 30s}'), [])
})

t.test('a rule about the machine is handed in', async (t) => {
  const result = loadConfig('nat: {maxSessions: 9}', 'c.yaml', {}, [
    (config, document, warn) => {
      if (document.nat?.maxSessions === 9) warn(['nat', 'maxSessions'], `is ${config.lbSettings.nat.maxSessions}`, 'do')
    },
  ])
  t.match(result, { ok: true, warnings: [{ line: 1, column: 7, path: 'nat.maxSessions', problem: 'is 9' }] })
})

t.test('a duration without a unit is refused everywhere, except 0', async (t) => {
  for (const text of ['bgp: {holdTime: 9}', 'edge: {keepAlive: 5}', 'vips: [{name: a, health: {timeout: "1"}}]'])
    t.match(errorsOf(text).join(), /it must be a duration with a unit, such as 200ms, 5s or 15m$/, text)
  t.same(errorsOf('ecmp: {unbalancedTimer: 0}'), [])
  t.same(
    [parseDuration('300'), parseDuration(300), parseDuration('300ms'), parseDuration('0')],
    [undefined, undefined, 300, 0],
  )
})

t.test('merge keys, with the place of an error in what is merged', async (t) => {
  const text = (path: string) => `x-defaults: &defaults
  policy: maglev
  health: {path: ${path}}
vips:
  - {name: a, <<: *defaults}
  - <<: [*defaults, {port: 81, policy: random}]
    name: b
    port: 82
`
  const result = loadConfig(text('/up'), 'c.yaml')
  t.match(result.ok && result.config.vips, [
    { name: 'a', policy: 'maglev', port: 8080, health: { check: { path: '/up' } } },
    { name: 'b', policy: 'maglev', port: 82 },
  ])
  t.same(errorsOf(text('up')), [
    "c.yaml:3:12: vips[0].health.path is 'up': it must be a path such as /healthz",
    "c.yaml:3:12: vips[1].health.path is 'up': it must be a path such as /healthz",
  ])
  t.match(errorsOf('lbs: 2\n<<: 5').join(), /^c.yaml:2:5: << has a value that is no mapping: merge a mapping/)
  t.match(errorsOf('a: &a {x: 1}\n<<: *a\n<<: *a').join(), /c.yaml:3:1: '<<' is there twice/)
})

t.test('x- fields are left to the user in each mapping of settings, and not where keys are names', async (t) => {
  const text = `x-lists: {lbs: &lbs [lb-1], 7up: [1, {a: b}]}
vips: [{name: a, lbs: *lbs, x-owner: me, health: {x-why: {y: z}}}]
bgp: {neighbors: [{name: bird, switch: uplink, address: 127.0.0.9, as: 1, x-note: n}]}
backends: [{name: x-a, address: 127.0.0.1, port: 1, x-b: 2}]
`
  t.same(errorsOf(text), [])
  const result = loadConfig(text, 'c.yaml')
  t.notMatch(JSON.stringify(result), /x-(lists|owner|why|note|b)/)
  t.match(errorsOf('overrides: {x-lb: {}}').join(), /overrides\.x-lb is no LB/)
  t.match(errorsOf('vips: [{name: a, weights: {x-b: 1}}]').join(), /no such backend of this VIP/)
  t.match(errorsOf('y-lists: 1').join(), /y-lists is no setting/)
})

t.test('errors of aliases and documents have their line', async (t) => {
  for (const [text, error] of [
    ['lbs: 2\nvips: *x', 'c.yaml:2:7: *x has no anchor before it: mark a value with &x above, or correct the name'],
    ['lbs: 2\nvips: &a\n  - *a', 'c.yaml:3:5: *a is part of what it stands for: move the anchor or remove the alias'],
    [
      'lbs: 2\n---\nlbs: 3',
      'c.yaml:2:1: the file has several documents: a file holds one configuration: remove this line and what follows, or split the file',
    ],
  ] as const)
    t.same(errorsOf(text), [error], text)
  t.match(errorsOf(HOSTILE['alias bomb']!), [
    /^c.yaml:\d+:\d+: \*\w stands for \d+ values: aliases may repeat at most 500000 values$/,
  ])
  t.match(errorsOf(HOSTILE['merge bomb']!), [/^c.yaml:\d+:\d+: \*\w stands for \d+ values/])
})

t.test('the largest cluster can repeat its lists by aliases', async (t) => {
  const lists = `x-b: &b [${Array.from({ length: 250 }, (_, i) => `backend-${i + 1}`).join(', ')}]`
  const vips = Array.from({ length: 1_016 }, (_, i) => `  - {name: v${i + 1}, backends: *b}`)
  t.same(errorsOf(`${lists}\nlbs: 250\nbackends: 250\nvips:\n${vips.join('\n')}`), [])
})

/** Texts that are no configuration at all. */
const HOSTILE: Readonly<Record<string, string>> = {
  tab: 'a:\n\tb: 1',
  'open list': '[1, 2',
  'open quote': 'name: "x',
  list: '- 1',
  text: 'hello',
  'two documents': 'lbs: 1\n---\nlbs: 2',
  'duplicate key': 'lbs: 1\nlbs: 2',
  'duplicate key further in': 'log: {level: warn, level: info}',
  tag: 'lbs: !!js/function 1',
  'key that is a list': '? [a]\n: 1',
  prototype: '__proto__: {lbs: 1}',
  constructor: 'constructor: 1',
  'unknown alias': 'lbs: *x',
  'alias of itself': 'vips: &a [*a]',
  'alias bomb': ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefghijk'].reduce(
    (text, name, i) => `${text}\n${name}: &${name} [${Array(9).fill(`*${'abcdefghijk'[i - 1]}`)}]`,
  ),
  'merge bomb': ['a: &a {x: 1}', ...'bcdefghijk'].reduce(
    (text, name, i) => `${text}\n${name}: &${name} {<<: [${Array(9).fill(`*${'abcdefghijk'[i - 1]}`)}]}`,
  ),
  'merge of itself': 'vips: &a {<<: *a}',
  'merge of a list': 'vips: [{<<: [[1]]}]',
  'deep brackets': '['.repeat(50_000),
  'deep lists': '- '.repeat(50_000),
  'many keys': Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n'),
  'same key': 'a:\n'.repeat(20_000),
  huge: '#'.repeat(1_000_000),
  'huge number': `lbs: ${'9'.repeat(1_000)}`,
  'not a number': 'lbs: .nan',
  control: '\u0000\u0001',
}

t.test('hostile texts cause short errors within limits of time', async (t) => {
  for (const [name, text] of Object.entries(HOSTILE)) {
    const errors = errorsOf(text)
    t.ok(errors.length > 0, `${name}: ${errors[0]?.slice(0, 100)}`)
    for (const error of errors.slice(0, 20)) if (error.length > 300) t.fail(`${name}: ${error.length} characters`)
  }
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab: -[]{}&*!|>\'"#%@,?\n\t lbsvip'), maxLength: 60 }), (text) => {
      for (const error of errorsOf(text)) assert.match(error, /^c\.yaml:\d+:\d+: /)
    }),
    { numRuns: 2_000 },
  )
})

t.test('the published schema is up to date', async (t) => {
  execFileSync(process.execPath, ['scripts/file-schemas.mjs', '--check'])
  t.pass()
})

t.test('our schema checker agrees with a JSON Schema validator', async (t) => {
  const validate = new Ajv({ strict: false, logger: false }).compile(SCHEMA)
  const accepts = (value: unknown): boolean => {
    let ok = true
    checkSchema(SCHEMA as SchemaNode, value, () => {
      ok = false
    })
    return ok
  }
  const seen = { true: 0, false: 0 }
  fc.assert(
    fc.property(documentNear(SCHEMA), (value) => {
      const valid = validate(value)
      seen[`${valid}`]++
      assert.equal(accepts(value), valid, JSON.stringify(validate.errors))
    }),
    { numRuns: 3_000 },
  )
  t.ok(seen.true > 100 && seen.false > 100, JSON.stringify(seen))
})

/** Values that often satisfy a schema and often just fail to. */
function documentNear(schema: SchemaNode): fc.Arbitrary<unknown> {
  const odd = fc.constantFrom<unknown>(null, true, -1, 0, 1.5, 2 ** 40, '', 'all', 'x y', [], {}, ['a', 'a'])
  const mostly = (near: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
    fc.oneof({ weight: 40, arbitrary: near }, { weight: 1, arbitrary: odd })
  if (schema.anyOf !== undefined) return mostly(fc.oneof(...schema.anyOf.map(documentNear)))
  if (schema.enum !== undefined) return mostly(fc.constantFrom(...schema.enum))
  if (schema.const !== undefined) return mostly(fc.constant(schema.const))
  switch (schema.type) {
    case 'object': {
      const fields = Object.fromEntries(Object.entries(schema.properties ?? {}).map(([k, s]) => [k, documentNear(s)]))
      const requiredKeys = [...(schema.required ?? [])]
      return mostly(
        fc.oneof(
          { weight: 30, arbitrary: fc.record(fields, { requiredKeys }) },
          { weight: 1, arbitrary: fc.record(fields, { requiredKeys: [] }) },
        ),
      )
    }
    case 'array':
      return mostly(
        fc.array(documentNear(schema.items ?? {}), {
          minLength: schema.minItems ?? 0,
          maxLength: (schema.minItems ?? 0) + 1,
        }),
      )
    case 'integer':
      return mostly(fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 9 }))
    case 'number':
      return mostly(fc.double({ min: schema.minimum ?? 0, noNaN: true, noDefaultInfinity: true }))
    case 'boolean':
      return mostly(fc.boolean())
    default:
      return mostly(
        schema.pattern === undefined
          ? fc.constantFrom('lb-1', 'lb-2', 'x')
          : fc.stringMatching(new RegExp(schema.pattern)),
      )
  }
}

t.test('durations', async (t) => {
  t.equal(parseDuration('200ms'), 200)
  t.equal(parseDuration('1.5s'), 1_500)
  t.equal(parseDuration('15m'), 900_000)
  t.equal(parseDuration('2h'), 7_200_000)
  t.equal(parseDuration(0), 0)
  t.equal(parseDuration(9), undefined, 'seconds to some and milliseconds to others')
  for (const text of ['5', '5 s', '-5s', '05s', '5S', 's', '1e3s', '']) t.equal(parseDuration(text), undefined, text)
})

t.test('did you mean', async (t) => {
  t.equal(didYouMean('prot', ['port', 'protocol']), 'port')
  t.equal(didYouMean('adress', ['address', 'port']), 'address')
  t.equal(didYouMean('Port', ['port']), 'port')
  t.equal(didYouMean('zzz', ['port', 'name']), undefined)
})

t.test('an external neighbour that could do harm is warned of', async (t) => {
  const neighbor = (text: string) =>
    `bgp: {neighbors: [{name: bird, switch: uplink, address: 127.0.0.9, as: 1, ${text}}]}`
  const rows: [string, RegExp | undefined][] = [
    ['allowedPrefixes: [198.18.0.0/15]', undefined],
    [
      'allowedPrefixes: [127.20.10.0/24]',
      /^warning: c\.yaml:1:\d+: .*allowedPrefixes\[0\] 127\.20\.10\.0\/24 overlaps VIP 'web'/,
    ],
    ['allowedPrefixes: [127.20.10.1/32]', /overlaps VIP 'web' \(127\.20\.10\.1\/32\)/],
    ['allowedPrefixes: [127.20.2.128/25]', /overlaps the BIPs \(127\.20\.2\.0\/24\)/],
    ['allowedPrefixes: [127.20.3.7/32]', /overlaps the backends \(127\.20\.3\.0\/24\)/],
    ['allowedPrefixes: [0.0.0.0/0]', /overlaps VIP 'web' .* and 3 more of the cluster's prefixes/],
    ['export: none', undefined],
    ['export: default', /export announces routes with a next hop in 127\.0\.0\.0\/8: .*set 'nextHop'/],
    ['export: [default, vips], nextHop: 127.20.9.1', /nextHop announces routes with a next hop in 127/],
    ['export: vips, nextHop: 198.19.0.1', undefined],
  ]
  for (const [text, warning] of rows) {
    const warnings = warningsOf(neighbor(text))
    t.equal(warnings.length, warning === undefined ? 0 : 1, text)
    if (warning !== undefined) t.match(warnings[0], warning)
  }
  t.match(
    warningsOf(`block: auto\n${neighbor('allowedPrefixes: [127.99.0.0/16]')}`)[0],
    /overlaps the block, which is chosen at start/,
  )
  t.match(
    warningsOf(
      `backends: [{name: nginx, address: 127.0.0.1, port: 80}]\n${neighbor('allowedPrefixes: [127.0.0.0/24]')}`,
    ),
    [/overlaps backend 'nginx'/],
  )
})
