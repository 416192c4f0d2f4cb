import t from 'tap'
import { formatConfigError, formatConfigWarning } from '../dist/config/config-error.js'
import { loadConfig } from '../dist/config/load.js'
import { warnOfDescriptors } from '../dist/config/warn-descriptors.js'
import { readBoundPorts, warnOfSourcePorts } from '../dist/config/warn-source-ports.js'
import type { WarningRule } from '../dist/config/warnings.js'

function warningsBy(rule: WarningRule, text: string): string[] {
  const result = loadConfig(text, 'c.yaml', {}, [rule])
  return result.ok ? result.warnings.map(formatConfigWarning) : result.errors.map(formatConfigError)
}

t.test(
  'a warning reports more flows than descriptors, if they are configured or if nearly none are left',
  async (t) => {
    t.same(warningsBy(warnOfDescriptors(20_000), ''), [])
    t.same(warningsBy(warnOfDescriptors(Number.POSITIVE_INFINITY), 'edge: {maxFlows: 1000000}'), [])
    t.match(warningsBy(warnOfDescriptors(256), ''), [
      /maxFlows is 20000, but a process may have 256 file descriptors here/,
    ])
    t.match(warningsBy(warnOfDescriptors(20_000), 'edge: {maxFlows: 20000}'), [
      /^warning: c\.yaml:1:8: edge\.maxFlows is 20000, but .* room for \d+ TCP flows: raise the hard limit/,
    ])
    t.same(warningsBy(warnOfDescriptors(20_000), 'edge: {maxFlows: 15000}'), [])
    t.match(
      warningsBy(warnOfDescriptors(20_000), 'edge: {maxFlows: 15000}\nvips: [{name: web}, {name: dns, protocol: udp}]'),
      [/room for \d+ TCP and \d+ UDP flows/],
    )
    const udpOnly = 'edge: {maxFlows: 15000}\nvips: [{name: dns, protocol: udp, health: {check: none}}]'
    t.same(warningsBy(warnOfDescriptors(20_000), udpOnly), [], 'TCP has no share if no VIP carries it')
  },
)

t.test('ports that other programs have on all addresses are read from the tables of the kernel', async (t) => {
  const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   106        0 21350 1 0 100 0 0 10 0
   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 30110 1 0 100 0 0 10 0
   2: 00000000:1F91 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 30111 1 0 100 0 0 10 0
`
  const tcp6 =
    '   0: 00000000000000000000000000000000:1F92 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000\n'
  t.same(readBoundPorts(tcp, 'tcp'), [{ protocol: 'tcp', port: 5432 }])
  t.same(readBoundPorts(tcp6, 'tcp'), [{ protocol: 'tcp', port: 8082 }])
  const rule = warnOfSourcePorts([
    { protocol: 'tcp', port: 5_432 },
    { protocol: 'udp', port: 5_353 },
    { protocol: 'tcp', port: 40_000 },
  ])
  t.match(warningsBy(rule, ''), [
    /nat\.portRange is 4096 to 32767, and other programs .* use tcp 5432 on all addresses/,
  ])
  t.same(warningsBy(rule, 'nat: {portRange: [8000, 9000]}'), [])
})
