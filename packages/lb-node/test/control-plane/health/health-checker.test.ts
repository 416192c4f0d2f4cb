import type { ConnectionHandlers, DatagramOptions, FabricTarget } from '@fivetuple/edge'
import {
  type CheckHost,
  type CheckSpec,
  HealthChecker,
  type HealthCheckerOptions,
  PathMonitor,
} from '@fivetuple/lb-node'
import { IpProtocol, parseIpv4 } from '@fivetuple/packet'
import { ManualClock, ManualTimer } from '@fivetuple/testkit'
import t from 'tap'

/** How a backend answers: not at all by default. */
type Behavior = 'good' | 'refused' | 'silent' | 'no-port'

/** Stands in for a FabricHost: backends by port, and when each was asked. */
class FakeHost {
  readonly #clock: ManualClock
  readonly behaviors = new Map<number, Behavior>()
  readonly log: string[] = []
  open = 0
  mostOpen = 0

  constructor(clock: ManualClock) {
    this.#clock = clock
  }

  connect({ port }: FabricTarget, { onConnected, onFailure }: ConnectionHandlers) {
    this.log.push(`${this.#clock.now} ${port}`)
    this.mostOpen = Math.max(this.mostOpen, ++this.open)
    let isOpen = true
    const end = (): void => {
      if (isOpen) this.open--
      isOpen = false
    }
    const fail = (code: Parameters<typeof onFailure>[0]): void => {
      end()
      onFailure(code)
    }
    const behavior = this.behaviors.get(port)
    if (behavior === 'good') process.nextTick(onConnected)
    if (behavior === 'refused') process.nextTick(fail, 'ECONNREFUSED')
    if (behavior === 'no-port') fail('EADDRNOTAVAIL')
    return { close: end, reset: end }
  }

  openDatagram({ port, onMessage, onUnreachable }: DatagramOptions) {
    this.log.push(`${this.#clock.now} ${port} udp`)
    const behavior = this.behaviors.get(port)
    if (behavior === 'no-port') return undefined
    this.open++
    return {
      send: () => {
        if (behavior === 'good') process.nextTick(onMessage, new Uint8Array(1))
        if (behavior === 'refused') process.nextTick(onUnreachable, 'ECONNREFUSED')
        return true
      },
      close: () => this.open--,
    }
  }
}

const ADDRESS = parseIpv4('127.20.3.1')!
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

function spec(port: number, changes: Partial<CheckSpec> = {}): CheckSpec {
  return {
    type: 'tcp',
    address: ADDRESS,
    port,
    intervalMs: 2_000,
    timeoutMs: 1_000,
    rise: 2,
    fall: 3,
    ...changes,
  }
}

function start(options: Partial<HealthCheckerOptions> = {}, clock = new ManualClock(10_000)) {
  const host = new FakeHost(clock)
  const changes: string[] = []
  const checker = new HealthChecker({
    host: host as unknown as CheckHost,
    clock: { now: () => clock.now },
    random: () => 0.5,
    onChange: ({ port }, isHealthy, reason) =>
      changes.push(`${clock.now} ${port} ${isHealthy ? 'healthy' : 'unhealthy'}: ${reason}`),
    createTimer: (onDue) => new ManualTimer(clock, onDue),
    ...options,
  })
  const pass = async (ms: number): Promise<void> => {
    const until = clock.now + ms
    for (await turn(); clock.nextAt <= until; await turn()) clock.step()
    clock.runUntil(until)
  }
  return { clock, host, checker, changes, pass }
}

t.test('the rhythm: spread start, interval, doubt, fall, rise', async (t) => {
  const { host, checker, changes, pass } = start()
  host.behaviors.set(80, 'good')
  checker.setChecks([spec(80)])
  t.equal(checker.isHealthy(spec(80)), true)
  t.match(checker.status(), [{ health: 'unknown', isHealthy: true, sinceMs: 0, lastReason: 'not checked yet' }])
  await pass(4_000)
  t.strictSame(host.log.splice(0), ['11000 80', '13000 80'])
  host.behaviors.set(80, 'refused')
  await pass(4_000)
  t.strictSame(host.log.splice(0), ['15000 80', '15500 80', '16000 80', '18000 80'])
  t.strictSame(changes.splice(0), ['16000 80 unhealthy: connection refused'])
  t.match(checker.status(), [
    {
      health: 'unhealthy',
      isHealthy: false,
      sinceMs: 2_000,
      lastReason: 'connection refused',
      lastDurationMs: 0,
      counts: { successes: 2, failures: 4, passiveFailures: 0, inconclusive: 0 },
    },
  ])
  host.behaviors.set(80, 'good')
  await pass(3_000)
  t.strictSame(host.log.splice(0), ['20000 80', '20500 80'])
  t.strictSame(changes, ['20500 80 healthy: connected'])
  t.equal(host.open, 0)
})

t.test('a backend that does not respond: each check ends at its timeout, none overlaps another', async (t) => {
  const { host, checker, changes, pass } = start()
  checker.setChecks([spec(80)])
  await pass(5_000)
  t.strictSame(host.log, ['11000 80', '12000 80', '13000 80', '15000 80'])
  t.strictSame(changes, ['14000 80 unhealthy: not connected within 1000 ms'], 'a first failure is no news')
  t.equal(host.mostOpen, 1)
  t.match(checker.status(), [{ lastDurationMs: 1_000, responds: false, unresponsiveMs: 4_000 }])
  host.behaviors.set(80, 'refused')
  await pass(2_000)
  t.match(checker.status(), [{ responds: false, unresponsiveMs: 0 }], 'a refusal ends the silence, and is no response')
})

t.test('a first good result is no change, unless backends start as unhealthy', async (t) => {
  for (const initial of ['healthy', 'unhealthy'] as const) {
    const { host, checker, changes, pass } = start({ initial })
    host.behaviors.set(80, 'good')
    checker.setChecks([spec(80)])
    t.equal(checker.isHealthy(spec(80)), initial === 'healthy')
    await pass(1_000)
    t.strictSame(changes, initial === 'healthy' ? [] : ['11000 80 healthy: connected'])
  }
})

t.test('failures of the traffic count, and bring the next check forward', async (t) => {
  const { host, checker, changes, pass } = start()
  host.behaviors.set(80, 'good')
  checker.setChecks([spec(80), spec(81, { fall: 1 })])
  await pass(1_100)
  t.strictSame(host.log.splice(0), ['11000 80', '11000 81'])
  checker.reportFailure(ADDRESS, 80, IpProtocol.TCP, 'refused')
  checker.reportFailure(ADDRESS, 80, IpProtocol.UDP, 'nobody checks this')
  checker.reportFailure(ADDRESS + 1, 80, IpProtocol.TCP, 'nor this')
  await pass(1_000)
  t.strictSame(host.log.splice(0), ['11500 80'])
  t.strictSame(
    changes.splice(0),
    ['12000 81 unhealthy: not connected within 1000 ms'],
    'the check has calmed the doubt',
  )
  for (let i = 0; i < 3; i++) checker.reportFailure(ADDRESS, 80, IpProtocol.TCP, 'refused')
  t.strictSame(changes.splice(0), ['12100 80 unhealthy: refused'])
  t.match(checker.status()[0]?.counts, { passiveFailures: 4, successes: 2, failures: 0 })
  await pass(2_000)
  t.match(
    host.log.filter((line) => line.endsWith(' 80')),
    ['12100 80', '12600 80'],
    'at once, and again',
  )
  t.strictSame(
    changes.filter((line) => line.includes(' 80 ')),
    ['12600 80 healthy: connected'],
  )
})

t.test('a check of another port or protocol counts failures of the traffic of the port that is served', async (t) => {
  const { host, checker, changes, pass } = start()
  host.behaviors.set(9_000, 'good')
  const spec80 = spec(9_000, { fall: 1, serves: { port: 80, protocol: IpProtocol.TCP } })
  const spec53 = spec(9_000, { fall: 1, serves: { port: 53, protocol: IpProtocol.UDP } })
  checker.setChecks([spec80, spec53])
  t.equal(checker.status().length, 2, 'one check per served port')
  await pass(1_100)
  t.strictSame(host.log.splice(0), ['11000 9000', '11000 9000'])
  checker.reportFailure(ADDRESS, 9_000, IpProtocol.TCP, 'a port that no VIP uses')
  checker.reportFailure(ADDRESS, 53, IpProtocol.TCP, 'another protocol')
  t.strictSame(changes, [])
  checker.reportFailure(ADDRESS, 80, IpProtocol.TCP, 'refused')
  checker.reportFailure(ADDRESS, 53, IpProtocol.UDP, 'port unreachable')
  t.strictSame(changes, ['11100 9000 unhealthy: refused', '11100 9000 unhealthy: port unreachable'])
})

t.test('a failure of the traffic while a check is under way', async (t) => {
  const { host, checker, changes, pass } = start()
  checker.setChecks([spec(80, { fall: 1 })])
  await pass(1_500)
  checker.reportFailure(ADDRESS, 80, IpProtocol.TCP, 'refused')
  t.strictSame(changes, ['11500 80 unhealthy: refused'])
  await pass(600)
  t.equal(host.mostOpen, 1)
})

t.test('UDP', async (t) => {
  const { host, checker, changes, pass } = start()
  host.behaviors.set(1, 'good').set(2, 'refused').set(3, 'silent').set(4, 'no-port')
  checker.setChecks([1, 2, 3, 4].map((port) => spec(port, { type: 'udp', fall: 1 })))
  await pass(2_900)
  t.strictSame(changes, ['11000 2 unhealthy: port unreachable', '12000 3 unhealthy: no response within 1000 ms'])
  t.equal(host.open, 0)
  t.match(checker.status()[3], { health: 'unknown', lastReason: 'no source port left', counts: { inconclusive: 1 } })
  checker.reportFailure(ADDRESS, 1, IpProtocol.UDP, 'port unreachable')
  t.equal(checker.status()[0]?.counts.passiveFailures, 1)
})

t.test('a request that this node could not send is no result about the backend', async (t) => {
  const { host, checker, changes, pass } = start()
  host.behaviors.set(80, 'good')
  checker.setChecks([spec(80)])
  await pass(1_000)
  host.behaviors.set(80, 'no-port')
  await pass(20_000)
  t.strictSame(changes, [])
  t.match(checker.status(), [{ health: 'healthy', counts: { successes: 1, failures: 0, inconclusive: 10 } }])
})

t.test('recheck() soon checks backends that seem to have failed', async (t) => {
  const { host, checker, changes, pass } = start()
  host.behaviors.set(80, 'refused').set(81, 'good')
  checker.setChecks([spec(80, { fall: 1 }), spec(81), spec(82, { fall: 1 })])
  await pass(1_100)
  host.behaviors.set(80, 'good')
  host.log.splice(0)
  checker.recheck()
  await pass(1_000)
  t.strictSame(host.log, ['11350 80', '11850 80'], 'not what is well, nor what is being asked')
  t.strictSame(changes, [
    '11000 80 unhealthy: connection refused',
    '11850 80 healthy: connected',
    '12000 82 unhealthy: not connected within 1000 ms',
  ])
})

/** A path that a test makes silent. */
function pathOf(clock: ManualClock, monitor: PathMonitor) {
  const path = {
    isUp: true,
    isSilent: false,
    probes: 0,
    probe() {
      this.probes++
      if (!this.isSilent) monitor.heard(clock.now)
    },
    hasReceivedSince: (time: number) => monitor.hasReceivedSince(time),
    isOverdue: (now: number) => monitor.isOverdue(now),
  }
  return path
}

t.test('an unreachable path excuses timeouts, until it has been unreachable for too long', async (t) => {
  const clock = new ManualClock(10_000)
  const path = pathOf(clock, new PathMonitor(9_000, clock.now))
  const { host, checker, changes, pass } = start({ path }, clock)
  checker.setChecks([spec(80), spec(81)])
  host.behaviors.set(80, 'good').set(81, 'good')
  await pass(1_500)
  t.equal(path.probes, 0, 'not before a check is slow')
  path.isSilent = true
  host.behaviors.clear()
  await pass(7_000)
  t.same(changes, [], 'a stall of the path marks nobody unhealthy')
  t.match(checker.status(), [
    { health: 'healthy', lastReason: 'nothing was received from the downlink switch', counts: { failures: 0 } },
    { health: 'healthy' },
  ])
  path.isSilent = false
  host.behaviors.set(80, 'good')
  await pass(8_000)
  t.same(
    changes.map((change) => change.split(' ').slice(1).join(' ')),
    ['81 unhealthy: not connected within 1000 ms'],
    'a backend that is dead is found dead as soon as the path works',
  )
  path.isSilent = true
  host.behaviors.clear()
  await pass(30_000)
  t.match(changes.at(-1), /80 unhealthy/, 'a path that stays silent is as good as dead backends')
})

t.test(
  'without carrier a failure is no result about a backend; without responses to probes a refusal is',
  async (t) => {
    const clock = new ManualClock(10_000)
    const path = pathOf(clock, new PathMonitor(9_000, clock.now))
    const { host, checker, changes, pass } = start({ path }, clock)
    host.behaviors.set(80, 'refused')
    checker.setChecks([spec(80)])
    path.isUp = false
    await pass(20_000)
    t.same(changes, [])
    t.match(checker.status(), [{ lastReason: 'no carrier to the downlink switch' }])
    path.isUp = true
    path.isSilent = true
    await pass(10_000)
    t.match(changes, [/80 unhealthy: connection refused/])
  },
)

t.test("this node's own stall is no failure of a backend", async (t) => {
  const clock = new ManualClock(10_000)
  const path = pathOf(clock, new PathMonitor(9_000, clock.now))
  let due = (): number => 0
  const { host, checker, changes, pass } = start(
    {
      path,
      createTimer: (onDue) => {
        due = onDue
        return { arm: () => {}, close: () => {} }
      },
    },
    clock,
  )
  checker.setChecks([spec(80, { fall: 1 })])
  clock.runUntil(11_000)
  due()
  clock.runUntil(14_000) // the check has begun, and nothing has run since
  t.equal(due(), 14_500, 'first the path is probed, and the response that waits is read')
  t.same([path.probes, changes], [1, []])
  clock.runUntil(14_600)
  due()
  await pass(0)
  t.match(changes, [/80 unhealthy: not connected/], 'the path works, and it has had its time')
  host.behaviors.clear()
})

t.test('equal checks are one; those that stay keep state and rhythm; those that go end', async (t) => {
  const { host, checker, changes, pass } = start()
  host.behaviors.set(80, 'refused')
  const known = spec(80, { fall: 1 })
  checker.setChecks([known, known, spec(81)])
  t.equal(checker.status().length, 2)
  await pass(1_500)
  t.strictSame(host.log.splice(0), ['11000 80', '11000 81'])
  t.equal(host.open, 1)
  checker.setChecks([known, spec(82)])
  await pass(0)
  t.equal(host.open, 0, 'the check of 81 was given up')
  await pass(1_500)
  t.strictSame(host.log.splice(0), ['12500 82', '13000 80'])
  t.strictSame(changes, ['11000 80 unhealthy: connection refused'], 'and nothing said of 81')
  checker.setChecks([spec(80, { intervalMs: 500 })])
  t.equal(checker.isHealthy(spec(80, { intervalMs: 500 })), false, 'a new rhythm, what is known stays')
  checker.setChecks([spec(80, { type: 'http' })])
  t.equal(checker.isHealthy(spec(80, { type: 'http' })), true, 'another question')
  checker.setChecks([])
  host.log.splice(0)
  await pass(10_000)
  t.strictSame(host.log, [])
})

t.test('not more at once than allowed, and everyone has a turn', async (t) => {
  const { host, checker, pass } = start({ maxInFlight: 4 })
  const ports = Array.from({ length: 10 }, (_, i) => i + 1)
  checker.setChecks(ports.map((port) => spec(port)))
  await pass(4_000)
  t.equal(host.mostOpen, 4)
  t.strictSame(
    host.log.slice(0, 10).map((line) => Number(line.split(' ')[1])),
    ports,
    'in the order of their times',
  )
  t.strictSame([...new Set(host.log.map((line) => line.split(' ')[0]))], ['11000', '12000', '13000', '14000'])
})

t.test('many checks start spread over the interval', async (t) => {
  let drawn = 0
  const { host, checker, pass } = start({ random: () => (drawn++ % 10) / 10 })
  for (let port = 1; port <= 10; port++) host.behaviors.set(port, 'good')
  checker.setChecks(Array.from({ length: 10 }, (_, i) => spec(i + 1)))
  await pass(1_999)
  t.strictSame(
    host.log.slice(0, 10).map((line) => Number(line.split(' ')[0])),
    [10_000, 10_200, 10_400, 10_600, 10_800, 11_000, 11_200, 11_400, 11_600, 11_800],
  )
})

t.test('close() ends what is under way and leaves no timer', async (t) => {
  const { clock, host, checker, changes, pass } = start()
  checker.setChecks([spec(80), spec(81, { type: 'udp' })])
  await pass(1_500)
  t.equal(host.open, 2)
  checker.close()
  await pass(10_000)
  t.equal(host.open, 0)
  t.strictSame(changes, [])
  t.equal(clock.nextAt, Number.POSITIVE_INFINITY)
  checker.setChecks([spec(80)])
  checker.reportFailure(ADDRESS, 80, IpProtocol.TCP, 'late')
  t.strictSame(checker.status(), [])
})
