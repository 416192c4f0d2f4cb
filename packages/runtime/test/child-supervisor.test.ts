import t from 'tap'
import { type Child, type ChildReports, ChildSupervisor } from '../dist/index.js'
import { VirtualTimers } from './virtual-timers.js'

/** A child without a process: it ends when it is killed or stopped, and otherwise as the test says. */
class TestChild implements Child {
  exited = false
  readonly #reports: ChildReports

  constructor(reports: ChildReports) {
    this.#reports = reports
  }

  ready(): void {
    this.#reports.onReady()
  }

  exit(how = 'ended with code 1'): void {
    this.exited = true
    this.#reports.onExit(how)
  }

  kill(): void {
    this.exit('was ended by SIGKILL')
  }

  async stop(): Promise<void> {
    await Promise.resolve()
    if (!this.exited) this.exit('ended with code 0')
  }
}

/** A supervisor that has started its child, and the ends that it has reported. */
function supervise() {
  const timers = new VirtualTimers()
  const exits: [how: string, restartInMs: number | undefined][] = []
  const spawned: TestChild[] = []
  const supervisor = new ChildSupervisor<TestChild>({
    name: 'a',
    policy: { backoff: { firstMs: 500, maxMs: 15_000, quietMs: 10_000 }, stopGraceMs: 1_500, readyMaxMs: 10_000 },
    spawn: (reports) => new TestChild(reports),
    onSpawn: (child) => spawned.push(child),
    onExit: (...exit) => exits.push(exit),
    timers,
  })
  supervisor.start()
  return { timers, exits, spawned, supervisor }
}

t.test('a child that ends is started again after a delay that doubles', async (t) => {
  const { timers, exits, spawned, supervisor } = supervise()
  t.equal(supervisor.state, 'starting')
  supervisor.child.ready()
  t.equal(supervisor.state, 'running')
  for (const delayMs of [500, 1_000, 2_000]) {
    supervisor.child.exit()
    t.match(supervisor, { state: 'restarting', restartInMs: delayMs })
    timers.pass(delayMs - 1)
    t.equal(supervisor.state, 'restarting')
    timers.pass(1)
    t.match(supervisor, { state: 'starting', restartInMs: null })
  }
  t.same(
    exits,
    [500, 1_000, 2_000].map((delayMs) => ['ended with code 1', delayMs]),
  )
  t.equal(supervisor.restarts, 3)
  t.equal(spawned.length, 4)
  t.equal(supervisor.child, spawned[3])
})

t.test('after a run that was long enough the delays start over', async (t) => {
  const { timers, supervisor } = supervise()
  supervisor.child.ready()
  supervisor.child.exit()
  timers.pass(500)
  supervisor.child.ready()
  timers.pass(10_001)
  supervisor.child.exit()
  t.equal(supervisor.restartInMs, 500)
})

t.test('a child that ends before it was ever ready stays stopped', async (t) => {
  const { timers, exits, supervisor } = supervise()
  const ready = t.rejects(supervisor.untilReady(), { message: 'a ended with code 1 while it started' })
  supervisor.child.exit()
  await ready
  t.equal(supervisor.state, 'stopped')
  t.same(exits, [['ended with code 1', undefined]])
  t.equal(timers.size, 0)
})

t.test('a killed child is started again, or kept stopped until it is launched', async (t) => {
  const { timers, exits, supervisor } = supervise()
  supervisor.child.ready()
  await supervisor.kill(false)
  t.match(supervisor, { state: 'restarting', restartInMs: 500 })
  await t.rejects(supervisor.kill(false), { message: 'a is not running' })
  await supervisor.kill(true)
  t.match(supervisor, { state: 'kept-stopped', restartInMs: null })
  timers.pass(60_000)
  t.equal(supervisor.restarts, 0)
  await t.rejects(supervisor.kill(true), { message: 'a is kept stopped already' })
  const launched = supervisor.launch()
  t.equal(supervisor.state, 'starting')
  supervisor.child.ready()
  await launched
  await t.rejects(supervisor.launch(), { message: 'a is running already' })
  await supervisor.kill(true)
  t.equal(supervisor.state, 'kept-stopped')
  t.same(exits, [
    ['was ended by SIGKILL', 500],
    ['was ended by SIGKILL', undefined],
  ])
})

t.test('a launch takes the place of the start that was due', async (t) => {
  const { timers, supervisor } = supervise()
  supervisor.child.ready()
  supervisor.child.exit()
  const launched = supervisor.launch()
  supervisor.child.ready()
  await launched
  timers.pass(60_000)
  t.match(supervisor, { state: 'running', restarts: 1 })
})

t.test('a restart starts at once, without a longer delay for the next end', async (t) => {
  const { exits, supervisor } = supervise()
  supervisor.child.ready()
  const restarted = supervisor.restart()
  await new Promise(setImmediate)
  t.equal(supervisor.state, 'starting')
  supervisor.child.ready()
  await restarted
  t.same(exits, [['ended with code 0', 0]])
  supervisor.child.exit()
  t.equal(supervisor.restartInMs, 500)
})

t.test('a child that does not become ready in time fails its launch, and is waited for no more', async (t) => {
  const { timers, supervisor } = supervise()
  const ready = t.rejects(supervisor.untilReady(), { message: 'a is not ready after 10 s' })
  timers.pass(10_000)
  await ready
  t.equal(timers.size, 0)
})

t.test('after its end a supervisor starts nothing', async (t) => {
  const { timers, exits, supervisor } = supervise()
  supervisor.child.ready()
  supervisor.child.exit()
  await supervisor.stop()
  timers.pass(60_000)
  t.match(supervisor, { state: 'stopped', restarts: 0 })
  await t.rejects(supervisor.launch(), { message: 'a is stopped for good' })
  t.equal(exits.length, 1)
})

t.test('an end that overtakes a restart fails it', async (t) => {
  const { exits, supervisor } = supervise()
  supervisor.child.ready()
  const restarted = t.rejects(supervisor.restart(), { message: 'a has ended while it started' })
  supervisor.end()
  await restarted
  t.equal(supervisor.state, 'stopped')
  t.same(exits, [])
})
