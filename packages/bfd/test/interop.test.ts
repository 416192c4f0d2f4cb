// Sessions with BIRD 2 over UDP on loopback, multihop (RFC 5883), as on links of more than one hop.
import { type AuthenticationConfig, DIAGNOSTICS } from '@fivetuple/bfd'
import t, { type Test } from 'tap'
import { Bird, findProgram } from './bird.js'
import { UdpSession } from './udp-session.js'

const key = Buffer.from('fabric')
/** Detection times of a second and more, so that a busy machine does not look like a failure. */
const OURS = { detectMultiplier: 5, desiredMinTxMs: 200, requiredMinRxMs: 200, random: Math.random }
const BLOCKS = 250

interface Ends {
  readonly us: UdpSession
  readonly bird: Bird
}

/** Both ends, running; undefined, with the test skipped, if BIRD is not installed. In CI that is a failure. */
async function start(t: Test, options: string, authentication?: AuthenticationConfig): Promise<Ends | undefined> {
  const [program, cli] = [findProgram('bird'), findProgram('birdc')]
  if (program === undefined || cli === undefined) {
    if (process.env.CI === 'true') t.fail('not installed: bird')
    else t.plan(0, 'not installed: bird')
    return undefined
  }
  for (let i = 0; i < BLOCKS; i++) {
    const block = `127.42.${(process.pid + i) % BLOCKS}`
    const us = new UdpSession(`${block}.2`, {
      localDiscriminator: 0x0102_0304,
      ...OURS,
      ...(authentication && { authentication }),
    })
    try {
      await us.start(`${block}.1`)
    } catch {
      us.stop()
      continue // in use by another test process
    }
    const bird = new Bird(program, cli, `${block}.2`, `${block}.1`, options)
    t.teardown(async () => {
      us.stop()
      await bird.stop()
    })
    return { us, bird }
  }
  throw new Error('all blocks in 127.42.0.0/16 are in use')
}

t.test('Up, new intervals, AdminDown, and a BIRD that is stopped', async (t) => {
  const ends = await start(t, 'interval 200 ms; multiplier 5;')
  if (ends === undefined) return
  const { us, bird } = ends
  const status = () => us.session.status()
  await us.until(() => us.session.state === 'up' && !status().isPolling)
  await bird.until(/Up\b.*0\.200\s+1\.000/, 'show', 'bfd', 'sessions')
  await us.until(() => status().detectionTimeMs === 1_000)
  t.match(status(), { transmitIntervalMs: 200, remoteState: 'up' })

  us.handle({ type: 'configure', desiredMinTxMs: 300, requiredMinRxMs: 250 })
  await us.until(() => !status().isPolling)
  await bird.until(/Up\b.*0\.250\s+1\.500/, 'show', 'bfd', 'sessions')
  t.match(status(), { transmitIntervalMs: 300, detectionTimeMs: 1_250 })

  us.handle({ type: 'disable' })
  await bird.until(/Down/, 'show', 'bfd', 'sessions')
  us.handle({ type: 'enable' })
  await us.until(() => us.session.state === 'up')
  await bird.until(/Up/, 'show', 'bfd', 'sessions')
  t.notOk(us.outputs.some((output) => output.type === 'path' && output.path === 'failed'))

  await us.until(() => !status().isPolling)
  bird.signal('SIGSTOP')
  await us.until(() => us.session.path === 'failed')
  t.ok(performance.now() - us.receivedAt >= 1_250, 'not before the detection time')
  t.equal(status().diagnostic, DIAGNOSTICS.detectionTimeExpired)
  bird.signal('SIGCONT')
  await us.until(() => us.session.path === 'working')
  const causes = Object.keys(status().counters.discarded)
  t.same(
    causes.filter((cause) => cause !== 'admin-down'),
    [],
  ) // packets that came while disabled
})

for (const type of ['keyed-sha1', 'meticulous-keyed-sha1'] as const)
  t.test(`Up with ${type}`, async (t) => {
    const mode = type.replaceAll('-', ' ')
    const options = `interval 100 ms; multiplier 10; authentication ${mode}; password "fabric" { id 7; };`
    const ends = await start(t, options, { type, keyId: 7, key })
    if (ends === undefined) return
    const { us, bird } = ends
    await us.until(() => us.session.state === 'up' && us.session.status().counters.received > 10)
    await bird.until(/Up/, 'show', 'bfd', 'sessions')
    t.same(us.session.status().counters.discarded, {})
    t.notOk(us.outputs.some((output) => output.type === 'path' && output.path === 'failed'))
  })
