import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeProxyHeader, PROXY_HEADER_BYTES, parseEndpoint, readProxyHeader } from '@fivetuple/packet'
import t, { type Test } from 'tap'
import { readAll, type SocketFabricOptions, SocketNet, until } from './socket-fabric.js'

const net = new SocketNet(2)
const PROXIED: SocketFabricOptions = { proxyProtocol: [net.backend] }
const LOCAL = Buffer.from(encodeProxyHeader())

/** What a backend gets that ends its connections when the client does. */
async function exchange(t: Test, options: SocketFabricOptions, bytes: Uint8Array) {
  const received: Promise<Buffer>[] = []
  const backend = await net.openBackend(t, (socket) => {
    received.push(readAll(socket))
    socket.on('end', () => socket.end())
  })
  const fabric = await net.openFabric(t, options)
  const { socket } = net.dial(t)
  await once(socket, 'connect')
  const port = socket.localPort!
  socket.end(bytes)
  await readAll(socket)
  await until(() => fabric.flowCount === 0 && backend.open === 0)
  return { received: await received[0]!, port }
}

t.test('the client and the VIP that the SYN names are in the header in front of its bytes', async (t) => {
  const { received, port } = await exchange(t, { ...PROXIED, passClientAddress: true }, Buffer.from('hello'))
  t.same(readProxyHeader(received, 0, received.length), {
    kind: 'header',
    header: {
      command: 'proxy',
      source: { address: parseEndpoint('127.69.100.2:0')!.address, port },
      destination: net.vip,
    },
    end: PROXY_HEADER_BYTES,
  })
  t.equal(received.subarray(PROXY_HEADER_BYTES).toString(), 'hello')
})

t.test('without a client in the SYN the header is LOCAL', async (t) => {
  const { received } = await exchange(t, PROXIED, Buffer.from('hello'))
  t.same(received, Buffer.concat([LOCAL, Buffer.from('hello')]))
})

for (const [name, proxyProtocol] of [
  ['none has', []],
  ['another port has', [{ ...net.backend, port: 81 }]],
  ['another address has', [{ ...net.backend, address: net.backend.address + 1 }]],
] as const)
  t.test(`a backend without the PROXY protocol gets the bytes alone: ${name}`, async (t) => {
    const { received } = await exchange(t, { proxyProtocol, passClientAddress: true }, Buffer.from('hello'))
    t.equal(received.toString(), 'hello')
  })

t.test('the header comes at once, not with the first bytes of the client', async (t) => {
  const backend = await net.openBackend(t, (socket) => socket.once('data', () => socket.end('welcome')))
  const fabric = await net.openFabric(t, PROXIED)
  const { socket } = net.dial(t)
  t.equal((await readAll(socket)).toString(), 'welcome')
  socket.end()
  await until(() => fabric.flowCount === 0 && backend.open === 0)
})

t.test('it takes nothing from the window: many bytes behind it all arrive', async (t) => {
  const bytes = randomBytes(3_000_000)
  const tcp = { windowBytes: 4_096, sendBufferBytes: 4_096 }
  const { received } = await exchange(t, { ...PROXIED, tcp }, bytes)
  t.ok(received.subarray(LOCAL.length).equals(bytes))
})

const HAPROXY = '/usr/sbin/haproxy'

t.test('HAProxy takes it', { skip: !existsSync(HAPROXY) && 'haproxy is not installed' }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'fivetuple-haproxy-'))
  const file = join(directory, 'haproxy.cfg')
  writeFileSync(
    file,
    `
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend web
  bind 127.69.3.20:8080 accept-proxy
  http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port] %[dst]:%[dst_port]"
`,
  )
  const haproxy = spawn(HAPROXY, ['-db', '-q', '-f', file], { stdio: 'ignore' })
  t.teardown(async () => {
    haproxy.kill('SIGKILL')
    await once(haproxy, 'exit')
    rmSync(directory, { recursive: true })
  })
  const backend = parseEndpoint('127.69.3.20:8080')!
  while (haproxy.exitCode === null && !(await listens('127.69.3.20', 8080)));
  t.equal(haproxy.exitCode, null)
  const shown = async (passClientAddress: boolean): Promise<[string, number]> => {
    const fabric = await net.openFabric(t, { backend, proxyProtocol: [backend], passClientAddress })
    const { socket } = net.dial(t)
    await once(socket, 'connect')
    const port = socket.localPort!
    socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
    const answer = (await readAll(socket)).toString()
    socket.end()
    await fabric.close()
    return [answer.slice(answer.indexOf('\r\n\r\n') + 4), port]
  }
  const [told, port] = await shown(true)
  t.equal(told, `127.69.100.2:${port} 127.69.10.2:8080`)
  const [untold, localPort] = await shown(false)
  t.equal(untold, `127.69.2.2:${localPort} 127.69.3.20:8080`, "LOCAL: the connection's own ends")
})

function listens(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => {
      resolve(true)
      socket.destroy()
    })
    socket.on('error', () => setTimeout(resolve, 5, false))
  })
}
