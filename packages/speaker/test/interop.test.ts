// Sessions with the routing daemons that people use. They ignore routes to and next hops in 127/8, so what crosses here lies
// in 198.18.0.0/15 (RFC 2544).
import { join } from 'node:path'
import { formatIpv4, parseIpv4, parsePrefix } from '@fivetuple/packet'
import t, { type Test } from 'tap'
import { claimBlock } from './claim-block.js'
import { ask, findProgram, RoutingDaemon } from './routing-daemon.js'
import { anyNeighbor, WatchedSpeaker } from './watched-speaker.js'

const block = await claimBlock()
const OUR_NEXT_HOP = '198.18.0.1'
const OUR_PREFIX = '198.18.1.0/24'
const THEIR_PREFIX = '198.19.7.7/32'
const any = () => true

/** The programs' paths; undefined, with the test skipped, when one is not installed. In CI that is a failure. */
function need(t: Test, ...names: string[]): string[] | undefined {
  const found = names.map(findProgram)
  if (found.every((path) => path !== undefined)) return found
  const missing = `not installed: ${names.filter((_, i) => found[i] === undefined).join(', ')}`
  if (process.env.CI === 'true') t.fail(missing)
  else t.plan(0, missing)
  return undefined
}

t.test('GoBGP waits, we dial; four-octet AS', async (t) => {
  const programs = need(t, 'gobgpd', 'gobgp')
  if (programs === undefined) return
  const [gobgpd, gobgp] = programs as [string, string]
  const [ours, theirs] = [`${block}.1`, `${block}.2`]
  const daemon = new RoutingDaemon()
  const us = new WatchedSpeaker({
    localAddress: ours,
    as: 65_000,
    listen: false,
    neighbors: [anyNeighbor('gobgp', theirs, 4_200_000_003, { nextHop: OUR_NEXT_HOP })],
  })
  t.teardown(async () => {
    await us.speaker.stop()
    await daemon.stop()
  })
  const config = daemon.write(
    'gobgp.toml',
    `[global.config]
    as = 4200000003
    router-id = "10.0.0.3"
    port = 1790
    local-address-list = ["${theirs}"]
    [[neighbors]]
    [neighbors.config]
    neighbor-address = "${ours}"
    peer-as = 65000
    [neighbors.transport.config]
    local-address = "${theirs}"
    passive-mode = true
    [neighbors.ebgp-multihop.config]
    enabled = true
    multihop-ttl = 8
    `,
  )
  daemon.start(gobgpd, '-f', config, '--api-hosts', `${theirs}:50051`, '--pprof-disable')
  const cli = (isGood: (output: string) => boolean, ...args: string[]) =>
    ask(isGood, gobgp, '-u', theirs, '-p', '50051', ...args)
  us.speaker.announce('gobgp', { prefix: parsePrefix(OUR_PREFIX)!, med: 42 })
  await us.speaker.start()
  await us.untilState('gobgp', 'established')

  await cli(any, 'global', 'rib', 'add', THEIR_PREFIX, 'nexthop', '198.18.0.9', 'med', '7', 'community', '65535:0')
  await us.untilRoute(THEIR_PREFIX, 'gobgp')
  const { best, cost } = us.speaker.snapshot().get(parsePrefix(THEIR_PREFIX)!)!
  t.equal(formatIpv4(best.attributes.nextHop), '198.18.0.9')
  t.match(best, { attributes: { asPath: [{ asns: [4_200_000_003] }], communities: [0xffff_0000] }, isDraining: true })
  t.equal(cost, 7)

  const shown = JSON.parse(await cli((output) => output.includes(OUR_PREFIX), 'global', 'rib', '-j'))
  t.match(JSON.stringify(shown[OUR_PREFIX]), OUR_NEXT_HOP)
  t.match(JSON.stringify(shown[OUR_PREFIX]), '"metric":42')
  us.speaker.withdraw('gobgp', parsePrefix(OUR_PREFIX)!)
  await cli((output) => !output.includes(OUR_PREFIX), 'global', 'rib', '-j')

  await cli(any, 'global', 'rib', 'del', THEIR_PREFIX)
  await us.untilRoute(THEIR_PREFIX)
  t.same(us.prefixes(), [])

  us.speaker.announce('gobgp', { prefix: parsePrefix(OUR_PREFIX)! })
  await cli((output) => output.includes(OUR_PREFIX), 'global', 'rib', '-j')
  await us.speaker.stop()
  await cli((output) => !output.includes(OUR_PREFIX), 'global', 'rib', '-j')
})

t.test('BIRD dials, we wait', async (t) => {
  const programs = need(t, 'bird', 'birdc')
  if (programs === undefined) return
  const [bird, birdc] = programs as [string, string]
  const [ours, theirs] = [`${block}.3`, `${block}.4`]
  const daemon = new RoutingDaemon()
  const us = new WatchedSpeaker({
    localAddress: ours,
    as: 4_200_000_001,
    neighbors: [anyNeighbor('bird', theirs, 65_002, { nextHop: OUR_NEXT_HOP, passive: true })],
  })
  t.teardown(async () => {
    await us.speaker.stop()
    await daemon.stop()
  })
  us.speaker.announce('bird', { prefix: parsePrefix(OUR_PREFIX)!, med: 42, communities: [parseIpv4('253.232.0.7')!] })
  await us.speaker.start()
  const config = daemon.write(
    'bird.conf',
    `router id 10.0.0.2;
    protocol device {}
    protocol static ours { ipv4; route ${THEIR_PREFIX} blackhole { bgp_med = 7; }; }
    protocol bgp fivetuple {
      local ${theirs} as 65002;
      neighbor ${ours} port 1790 as 4200000001;
      multihop;
      strict bind;
      hold time 9;
      connect delay time 1;
      ipv4 { import all; export all; };
    }`,
  )
  const socket = join(daemon.folder, 'bird.ctl')
  daemon.start(bird, '-f', '-c', config, '-s', socket, '-P', join(daemon.folder, 'bird.pid'))
  const cli = (isGood: (output: string) => boolean, ...args: string[]) => ask(isGood, birdc, '-s', socket, ...args)

  await us.untilRoute(THEIR_PREFIX, 'bird')
  t.equal(formatIpv4(us.speaker.snapshot().get(parsePrefix(THEIR_PREFIX)!)!.best.attributes.nextHop), theirs)
  t.match(us.session('bird'), { state: 'established', holdTime: 9, as: 65_002 })

  const shown = await cli((output) => output.includes(OUR_PREFIX), 'show', 'route', 'all', 'for', OUR_PREFIX)
  t.match(shown, /BGP\.as_path: 4200000001/)
  t.match(shown, /BGP\.next_hop: 198\.18\.0\.1/)
  t.match(shown, /BGP\.med: 42/)
  t.match(shown, /BGP\.community: \(65000,7\)/)
  us.speaker.withdraw('bird', parsePrefix(OUR_PREFIX)!)
  await cli((output) => !output.includes(OUR_PREFIX), 'show', 'route')

  await cli(any, 'disable', 'ours')
  await us.untilRoute(THEIR_PREFIX)
  await cli(any, 'enable', 'ours')
  await us.untilRoute(THEIR_PREFIX, 'bird')
  us.speaker.announce('bird', { prefix: parsePrefix(OUR_PREFIX)! })
  await cli((output) => output.includes(OUR_PREFIX), 'show', 'route')
  await cli(any, 'reload', 'in', 'fivetuple') // asks for a route refresh
  await cli((output) => output.includes(OUR_PREFIX), 'show', 'route')
  await cli(any, 'disable', 'fivetuple')
  await us.untilRoute(THEIR_PREFIX)
  t.match(us.session('bird').lastError, { direction: 'received', code: 6, subcode: 2 })
})
