import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import t from 'tap'
import { fetchOnce } from './http-probe.js'
import { TestCluster, until } from './test-cluster.js'

const MIB = 1024 * 1024
const BODY_BYTES = 100 * MIB
/** Most additional memory of a process while a body of 100 MiB waits for a slow reader. */
const GROWTH_MAX_BYTES = 48 * MIB

/** Resident set of a process, bytes (Linux). */
function residentBytes(pid: number): number {
  const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) * 1024
}

t.test('100 MiB cross in both directions, intact', async (t) => {
  const cluster = await TestCluster.start(t, '127.71.0.0/16')
  await t.test('up to /echo and back', async (t) => {
    const sent = createHash('sha256')
    const received = createHash('sha256')
    let left = BODY_BYTES
    const body = Readable.from(
      (function* () {
        for (; left > 0; left -= MIB) {
          const piece = randomBytes(MIB)
          sent.update(piece)
          yield piece
        }
      })(),
    )
    const length = await new Promise<number>((resolve, reject) => {
      let bytes = 0
      const req = request(cluster.url('web', '/echo'), { method: 'POST', agent: false }, (res) => {
        res.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          received.update(chunk)
        })
        res.on('end', () => resolve(bytes))
        res.on('error', reject)
      })
      req.on('error', reject)
      body.pipe(req)
    })
    t.equal(length, BODY_BYTES)
    t.equal(received.digest('hex'), sent.digest('hex'))
  })
  await t.test('down from /bytes, the same as straight from the backend', async (t) => {
    const digest = async (url: string): Promise<string> => {
      const hash = createHash('sha256')
      await new Promise<void>((resolve, reject) => {
        request(url, { agent: false }, (res) => {
          res.on('data', (chunk: Buffer) => hash.update(chunk))
          res.on('end', resolve)
          res.on('error', reject)
        })
          .on('error', reject)
          .end()
      })
      return hash.digest('hex')
    }
    const [backend] = cluster.ready.backends
    t.equal(
      await digest(cluster.url('web', `/bytes/${BODY_BYTES}`)),
      await digest(`http://${backend?.address}:${backend?.port}/bytes/${BODY_BYTES}`),
    )
  })
  await cluster.untilEmpty()
})

t.test("a reader that stops holds up its own flow and nobody's memory", async (t) => {
  const cluster = await TestCluster.start(t, '127.72.0.0/16')
  // Warm up, so that growth is not the first touch of code and buffers.
  for (let i = 0; i < 8; i++) await fetchOnce(cluster.url('web', `/bytes/${4 * MIB}`))
  const { lbs, switches } = cluster.ready
  const fabric = [...lbs, ...switches]
  const before = fabric.map(({ pid }) => residentBytes(pid))
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    request(cluster.url('web', `/bytes/${BODY_BYTES}`), { agent: false }, resolve)
      .on('error', reject)
      .end()
  })
  response.pause()
  // The flow is stuck when no more packets arrive for it.
  let packets = -1
  await until(async () => {
    const { switches: nodes } = await cluster.api.status()
    const seen = nodes.uplink!.ports.reduce((sum, port) => sum + port.packetsIn, 0)
    const stuck = seen === packets
    packets = seen
    return stuck
  }, 'the flow is stuck')
  for (let i = 0; i < 20; i++) t.equal((await fetchOnce(cluster.url('web'))).status, 200, 'others are served')
  fabric.forEach(({ name, pid }, i) => {
    const growth = residentBytes(pid) - before[i]!
    t.ok(growth < GROWTH_MAX_BYTES, `${name} holds ${Math.round(growth / MIB)} MiB more than before`)
  })
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  response.resume()
  await finished(response)
  t.equal(bytes, BODY_BYTES)
})
