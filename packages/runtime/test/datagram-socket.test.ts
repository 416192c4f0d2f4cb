import { type DatagramOperation, DatagramSocket, type DatagramSocketOptions } from '@fivetuple/runtime'
import t, { type Test } from 'tap'

const ADDRESS = '127.66.9.1'
const PORT = 5300

/** A socket, and all that its owner hears. */
class Heard {
  readonly socket: DatagramSocket
  readonly messages: string[] = []
  readonly errors: string[] = []
  opened = 0

  constructor(t: Test, options: DatagramSocketOptions) {
    this.socket = new DatagramSocket(options, {
      onOpen: () => this.opened++,
      onMessage: (payload, address, port) => this.messages.push(`${payload} from ${address}:${port}`),
      onError: (code: string, operation: DatagramOperation) => this.errors.push(`${operation} ${code}`),
    })
    t.teardown(() => this.socket.close())
  }

  static async open(t: Test, options: DatagramSocketOptions): Promise<Heard> {
    const heard = new Heard(t, options)
    heard.socket.open()
    await until(() => heard.opened + heard.errors.length > 0)
    return heard
  }
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`never: ${holds}`)
    await new Promise(setImmediate)
  }
}

t.test('datagrams go both ways, between any sockets and between connected ones', async (t) => {
  const server = await Heard.open(t, { address: ADDRESS, port: PORT, receiveBufferBytes: 1024 * 1024 })
  const client = await Heard.open(t, { address: '127.66.9.2', port: 5301 })
  const peer = { address: ADDRESS, port: PORT }
  const connected = await Heard.open(t, { address: '127.66.9.3', port: 5302, peer })
  client.socket.sendTo(Buffer.from('one'), ADDRESS, PORT)
  connected.socket.send(Buffer.from('two'))
  await until(() => server.messages.length === 2)
  t.same(server.messages, ['one from 127.66.9.2:5301', 'two from 127.66.9.3:5302'])
  client.socket.sendTo(Buffer.from('not from the peer'), '127.66.9.3', 5302)
  server.socket.sendTo(Buffer.alloc(0), '127.66.9.3', 5302)
  await until(() => connected.messages.length === 1)
  t.same(connected.messages, [` from ${ADDRESS}:${PORT}`], 'a connected socket hears its peer alone')
  t.same([...server.errors, ...client.errors, ...connected.errors], [])
})

t.test('destinations that a packet can name and nobody can send to are errors of the send', async (t) => {
  const { socket, errors, messages } = await Heard.open(t, { address: ADDRESS, port: PORT })
  socket.sendTo(Buffer.from('x'), ADDRESS, 0)
  socket.sendTo(Buffer.from('x'), ADDRESS, 65_536)
  socket.sendTo(Buffer.from('x'), '127.255.255.255', 9)
  socket.sendTo(Buffer.from('x'), '255.255.255.255', 9)
  socket.sendTo(Buffer.alloc(65_508), ADDRESS, 9)
  socket.send(Buffer.from('without a peer'))
  await until(() => errors.length === 6)
  t.same(
    errors.sort(),
    ['send EACCES', 'send EACCES', 'send EINVAL', 'send EINVAL', 'send EINVAL', 'send EMSGSIZE'].sort(),
  )
  socket.sendTo(Buffer.from('to myself'), ADDRESS, PORT)
  await until(() => messages.length === 1)
  t.pass('and the socket works on')
})

t.test('peers that cannot be connected to are errors, and close the socket', async (t) => {
  for (const [address, port, code] of [
    ['127.255.255.255', 9, 'EACCES'],
    [ADDRESS, 0, 'EINVAL'],
    [ADDRESS, 65_536, 'EINVAL'],
  ] as const) {
    const heard = await Heard.open(t, { address: ADDRESS, port: PORT, peer: { address, port } })
    t.same(heard.errors, [`connect ${code}`], `${address}:${port}`)
    t.equal(heard.socket.isOpen, false)
    heard.socket.send(Buffer.from('x'))
    t.same(heard.errors.slice(1), ['send ENOTCONN'])
    await Heard.open(t, { address: ADDRESS, port: PORT }).then(({ errors, socket }) => {
      t.same(errors, [], 'the address is free')
      return socket.close()
    })
  }
})

t.test('addresses that cannot be bound are errors', async (t) => {
  await Heard.open(t, { address: ADDRESS, port: PORT })
  t.same((await Heard.open(t, { address: ADDRESS, port: PORT })).errors, ['bind EADDRINUSE'])
  t.same((await Heard.open(t, { address: '203.0.113.1', port: PORT })).errors, ['bind EADDRNOTAVAIL'])
  t.same((await Heard.open(t, { address: ADDRESS, port: 65_536 })).errors, ['bind EINVAL'])
})

t.test('a refusal is heard, and datagrams arrive when somebody listens again', async (t) => {
  const peer = { address: '127.66.9.4', port: PORT }
  const { socket, errors } = await Heard.open(t, { address: ADDRESS, port: PORT, peer })
  socket.send(Buffer.from('anybody?'))
  await until(() => errors.length === 1)
  t.match(errors[0], /^(receive|send) ECONNREFUSED$/)
  const { messages } = await Heard.open(t, peer)
  socket.send(Buffer.from('now?'))
  await until(() => messages.length === 1)
  t.same(messages, [`now? from ${ADDRESS}:${PORT}`])
})

t.test('a closed socket neither throws nor hears', async (t) => {
  const { socket, errors, opened } = await Heard.open(t, { address: ADDRESS, port: PORT })
  t.equal(opened, 1)
  socket.sendTo(Buffer.from('x'), '127.255.255.255', 9) // its error comes after the close
  await socket.close()
  await socket.close()
  socket.sendTo(Buffer.from('x'), ADDRESS, PORT)
  t.same(errors, ['send ENOTCONN'])
  const never = new Heard(t, { address: ADDRESS, port: PORT })
  await never.socket.close()
  t.equal(never.opened, 0)
})
