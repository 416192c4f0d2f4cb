import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { KernelDrops, parseUdpDrops } from '@fivetuple/runtime'
import t from 'tap'

/** Linux 6.18: two sockets with drops, one of them connected, and one without. */
const TABLE = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops            
 7603: 010A147F:14E9 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 419569 2 000000007b26cc3c 3119     
12938: 0402147F:29C0 0303147F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 423185 2 00000000e7fa8b4b 241      
12987: 0402147F:69F1 0203147F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 422108 2 00000000355f14c4 0
`
const UNCONNECTED = { address: 0x7f140a01, port: 5353, peerAddress: 0, peerPort: 0, inode: '419569', drops: 3119 }
const CONNECTED = {
  address: 0x7f140204,
  port: 10688,
  peerAddress: 0x7f140303,
  peerPort: 8080,
  inode: '423185',
  drops: 241,
}

t.test('sockets with drops are read from the table, and nothing else', async (t) => {
  t.same(parseUdpDrops(TABLE), [UNCONNECTED, CONNECTED])
  t.same(parseUdpDrops('no table\n1: 2 3\n'), [])
})

t.test('what has been dropped since the last sample is counted, per socket', async (t) => {
  let table = TABLE
  const counted: string[] = []
  const drops = new KernelDrops(async () => table)
  const sample = () => drops.sample(({ inode }, n) => counted.push(`${inode} ${n}`))
  await sample()
  t.same(counted, [], 'what was dropped before does not count')
  table = TABLE.replace('3119', '3120').replace('4c4 0', '4c4 7')
  await Promise.all([sample(), sample()])
  t.same(counted, ['419569 1', '422108 7'], 'once')
  table = TABLE.replace('419569', '419570').replace('3119', '5')
  await sample()
  t.same(counted.slice(2), ['419570 5'], 'another socket at the same address begins at none')
  const without = new KernelDrops(() => Promise.reject(new Error('no such file')))
  await without.sample(() => t.fail('nothing to count'))
})

t.test('this kernel says what a full receive buffer drops', { skip: process.platform !== 'linux' }, async (t) => {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4_096 })
  socket.bind({ address: '127.66.9.9', port: 0 })
  await once(socket, 'listening')
  t.teardown(() => socket.close())
  const { port } = socket.address()
  const drops = new KernelDrops()
  await drops.sample(() => {})
  const sender = createSocket('udp4')
  t.teardown(() => sender.close())
  // Within one turn of the event loop nothing is read.
  sender.bind({ address: '127.66.9.10', port: 0 })
  await once(sender, 'listening')
  sender.connect(port, '127.66.9.9')
  await once(sender, 'connect')
  for (let i = 0; i < 200; i++) sender.send('x')
  let lost = 0
  await drops.sample((overflowed, n) => {
    if (overflowed.address === 0x7f420909 && overflowed.port === port) lost += n
  })
  t.ok(lost > 0 && lost < 200, `${lost} of 200`)
})
