// BFD with the daemons that people use. They need the ports of the standards on all of their addresses, so the tests run in
// a user and network namespace of their own: no root, and nothing of the host is in the way.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BfdPeer } from '@fivetuple/speaker'
import t, { type Test } from 'tap'
import { ask, findProgram, RoutingDaemon } from './routing-daemon.js'
import { WatchedBfd } from './watched-bfd.js'

const [OURS, THEIRS] = ['127.50.0.1', '127.50.0.2']
/** FRR's programs for the daemons are in no path. */
const FRR = '/usr/lib/frr'
/** Detection times that a busy machine does not reach by itself. */
const SLOW = { intervalMs: 200, multiplier: 10, authentication: null }
/** Longest run of all, ms; it takes 20 s on a quiet machine. */
const SUITE_MAX_MS = 240_000
const NAMESPACE = 'FIVETUPLE_TEST_NAMESPACE'

if (process.env[NAMESPACE] === undefined) {
  const unshare = findProgram('unshare')
  if (unshare === undefined) missing(t, 'not installed: unshare')
  else {
    const setUp = 'ip link set lo up && exec "$@"'
    const self = [process.execPath, fileURLToPath(import.meta.url)]
    const env = { ...process.env, [NAMESPACE]: '1' }
    t.spawn(
      unshare,
      ['-Urnmp', '--fork', '--kill-child', '--mount-proc', '--', 'sh', '-c', setUp, 'sh', ...self],
      { env, timeout: SUITE_MAX_MS },
      'in a namespace',
    )
  }
} else tests()

/** Skips a test, and says why. In CI that is a failure. */
function missing(t: Test, reason: string): void {
  if (process.env.CI === 'true') t.fail(reason)
  else t.plan(0, reason)
}

function tests(): void {
  for (const authentication of [null, 'keyed-sha1', 'meticulous-keyed-sha1'] as const)
    t.test(`BIRD: multihop, authentication ${authentication}`, async (t) => {
      const options =
        authentication && `authentication ${authentication.replaceAll('-', ' ')}; password "fabric" { id 7; };`
      const key = Buffer.from('fabric').toString('hex')
      await withBird(t, `multihop { TIMERS ${options ?? ''} }; neighbor ${OURS} local ${THEIRS} multihop yes;`, {
        ...SLOW,
        name: 'b',
        address: THEIRS,
        multihop: true,
        authentication: authentication && { type: authentication, keyId: 7, key },
      })
    })

  // BIRD takes no neighbour in 127.0.0.0/8 as directly connected, so this is a cable between two network namespaces.
  t.test('BIRD: single hop', async (t) => {
    const [ours, theirs] = ['10.50.0.1', '10.50.0.2']
    const bfd = `interface "theirs" { TIMERS }; neighbor ${ours} dev "theirs" local ${theirs};`
    await withBird(t, bfd, { ...SLOW, name: 'b', address: theirs, multihop: false }, ours, (bird) => {
      ip(`link add ours type veth peer name theirs`)
      ip(`link set theirs netns ${bird.pid}`)
      ip(`addr add ${ours}/24 dev ours`)
      ip('link set ours up')
    })
  })

  async function withBird(t: Test, bfd: string, peer: BfdPeer, ours = OURS, plugIn?: (bird: RoutingDaemon) => void) {
    const [program, birdc] = [findProgram('bird'), findProgram('birdc')]
    if (program === undefined || birdc === undefined) return missing(t, 'not installed: bird')
    const bird = new RoutingDaemon()
    t.teardown(() => bird.stop())
    const config = bfd.replace('TIMERS', 'interval 200 ms; multiplier 10;')
    bird.write('bird.conf', `router id 10.0.0.2; protocol device {} protocol bfd { strict bind yes; ${config} }`)
    const file = (name: string) => join(bird.folder, name)
    const command = [program, '-f', '-c', file('bird.conf'), '-s', file('bird.ctl'), '-P', file('bird.pid')]
    const waits = `until ip link show theirs 2>/dev/null; do sleep 0.05; done
        ip addr add ${peer.address}/24 dev theirs && ip link set theirs up && exec "$@"`
    if (plugIn === undefined) bird.start(command[0]!, ...command.slice(1))
    else bird.start('unshare', '-n', 'sh', '-c', waits, 'sh', ...command)
    plugIn?.(bird)
    const us = await start(t, peer, ours)
    const shows = (pattern: RegExp) =>
      ask((output) => pattern.test(output), birdc, '-s', file('bird.ctl'), 'show', 'bfd', 'sessions')

    await us.until(({ state, detectionTimeMs }) => state === 'up' && detectionTimeMs === 2_000)
    await shows(/Up\b.*0\.200\s+2\.000/)
    t.match(us.session(), { transmitIntervalMs: 200, remoteState: 'up', path: 'working', discarded: {} })

    await outlives(t, us, (signal) => bird.signal(signal))
    us.speaker.disable()
    await shows(/Down/) // BIRD shows AdminDown of its peer as Down
    t.match(us.session(), { state: 'admin-down', path: 'unknown', downs: 1 })
  }

  for (const multihop of [true, false])
    t.test(`FRR bfdd: ${multihop ? 'multihop' : 'single hop'}`, async (t) => {
      const [bfdd, zebra, vtysh] = [join(FRR, 'bfdd'), join(FRR, 'zebra'), 'vtysh'].map(findProgram)
      if (bfdd === undefined || zebra === undefined || vtysh === undefined) return missing(t, 'not installed: frr')
      const frr = new RoutingDaemon()
      t.teardown(() => frr.stop())
      const file = (name: string) => join(frr.folder, name)
      mkdirSync(file('etc'))
      frr.write('etc/vtysh.conf', '')
      // Its daemons run as a member of the group of vtysh; in the namespace there is one user.
      frr.write('group', `root:x:0:\nfrrvty:x:0:${userInfo().username},root\n`)
      const peer = multihop
        ? `${OURS} multihop local-address ${THEIRS}`
        : `${OURS} local-address ${THEIRS} interface lo`
      frr.write(
        'bfdd.conf',
        `bfd\n peer ${peer}\n  detect-multiplier 10\n  receive-interval 200\n  transmit-interval 200\n  no shutdown\n`,
      )
      frr.write('zebra.conf', '')
      const prepare = `mount --bind ${file('group')} /etc/group && mount --bind ${file('etc')} /etc/frr && exec "$@"`
      const run = (daemon: RoutingDaemon, program: string, name: string, ...more: string[]) => {
        const common = `-u root -g root --vty_socket ${frr.folder} -P 0 -z ${file('zserv')}`.split(' ')
        const own = ['-f', file(`${name}.conf`), '-i', file(`${name}.pid`), ...more]
        daemon.start('unshare', '-m', 'sh', '-c', prepare, 'sh', program, ...common, ...own)
      }
      const interfaces = new RoutingDaemon() // a session over one hop needs zebra, which knows the interfaces
      t.teardown(() => interfaces.stop())
      run(interfaces, zebra, 'zebra')
      run(frr, bfdd, 'bfdd', '--bfdctl', file('bfdd.sock'))
      const shows = (pattern: RegExp) =>
        ask((output) => pattern.test(output), vtysh, '--vty_socket', frr.folder, '-c', 'show bfd peers')
      await shows(/Status: down/)

      const us = await start(t, { name: 'b', address: THEIRS, ...SLOW, multihop })
      t.equal(us.speaker.status().isAddressShared, true, 'it has the port at all addresses')
      await us.until(({ state, detectionTimeMs }) => state === 'up' && detectionTimeMs === 2_000)
      await shows(
        /Status: up.*Remote timers:\s+Detect-multiplier: 10\s+Receive interval: 200ms\s+Transmission interval: 200ms/s,
      )
      t.match(us.session(), { transmitIntervalMs: 200, remoteState: 'up', path: 'working', discarded: {} })

      await outlives(t, us, (signal) => frr.signal(signal))
      us.speaker.disable()
      await shows(/Remote diagnostics: (administratively down|neighbor signaled)|Status: down/)
      t.match(us.session(), { state: 'admin-down', path: 'unknown', downs: 1 })
    })
}

function ip(command: string): void {
  execFileSync('ip', command.split(' '))
}

async function start(t: Test, peer: BfdPeer, address = OURS): Promise<WatchedBfd> {
  const us = new WatchedBfd(address, [peer])
  t.teardown(() => us.speaker.close())
  await us.speaker.start()
  return us
}

/** A daemon that is stopped is Down within the detection time, and Up when it goes on. */
async function outlives(t: Test, us: WatchedBfd, signal: (name: NodeJS.Signals) => void): Promise<void> {
  const stoppedAt = performance.now()
  signal('SIGSTOP')
  await us.until(({ path }) => path === 'failed')
  const tookMs = performance.now() - stoppedAt
  t.ok(tookMs > 1_500 && tookMs < 10_000, `detected after ${Math.round(tookMs)} ms`) // the last packet may be as old as an interval
  t.match(us.session(), { downs: 1, diagnostic: 'control detection time expired' })
  signal('SIGCONT')
  await us.until(({ path }) => path === 'working')
}
