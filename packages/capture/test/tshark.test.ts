// A file of ours as tshark reads it: names, times, directions, comments, checksums, and nothing to complain of.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CaptureQueue, PcapngWriter } from '@fivetuple/capture'
import {
  IPV4_HEADER_BYTES,
  IpProtocol,
  parseIpv4,
  TCP_HEADER_BYTES,
  TcpFlag,
  writeIpv4Header,
  writeTcpHeader,
} from '@fivetuple/packet'
import t from 'tap'

const CLIENT = parseIpv4('127.20.100.7')!
const VIP = parseIpv4('127.20.10.1')!
const AT_MS = 1_796_000_000_123.25

function segment(
  from: number,
  to: number,
  ports: readonly [number, number],
  flags: number,
  sequence: number,
  acknowledgment: number,
): Uint8Array {
  const b = new Uint8Array(IPV4_HEADER_BYTES + TCP_HEADER_BYTES)
  writeIpv4Header(b, 0, b.length, 64, IpProtocol.TCP, from, to)
  writeTcpHeader(b, IPV4_HEADER_BYTES, ports[0], ports[1], sequence, acknowledgment, TCP_HEADER_BYTES, flags, 65_535)
  return b
}

function file(): Uint8Array {
  const writer = new PcapngWriter({ application: 'fivetuple test', os: 'Linux', hardware: 'x64' })
  const uplink = writer.addInterface({ name: 'lb-2 uplink', description: 'cable between uplink and lb-2' })
  const queue = new CaptureQueue(1e6, 65_535)
  const syn = segment(CLIENT, VIP, [41_234, 8080], TcpFlag.SYN, 1000, 0)
  const synAck = segment(VIP, CLIENT, [8080, 41_234], TcpFlag.SYN | TcpFlag.ACK, 5000, 1001)
  queue.add(uplink, AT_MS, syn, 0, { direction: 'in', comments: ['next hop 2 of 4: lb-2', 'NAT → 127.20.2.2:4096'] })
  queue.add(uplink, AT_MS + 1, synAck, 0, { direction: 'out', dropCause: 'black-hole' })
  for (const packet of queue.take()) writer.add(packet)
  writer.addStatistics(uplink, { fromMs: AT_MS, toMs: AT_MS + 5, received: 2, accepted: 2, lost: 0, dropped: 1 })
  return writer.take()
}

t.test('tshark shows names, times, comments and valid checksums', async (t) => {
  // tshark refuses a standard input that is a socket, as Node.js gives it to a child.
  const path = join(t.testdir({}), 'capture.pcapng')
  writeFileSync(path, file())
  const fields = [
    'frame.interface_name',
    'frame.time_epoch',
    'frame.packet_flags_direction',
    'frame.comment',
    'tcp.checksum.status',
    'tcp.flags.str',
    '_ws.malformed',
    '_ws.expert.severity',
  ]
  const args = [
    '-r',
    path,
    '-o',
    'tcp.check_checksum:TRUE',
    '-o',
    'ip.check_checksum:TRUE',
    '-T',
    'fields',
    '-E',
    'separator=|',
    ...fields.flatMap((field) => ['-e', field]),
  ]
  const { error, stdout, stderr } = spawnSync('tshark', args, { encoding: 'utf8' })
  if (error !== undefined) {
    if (process.env.CI === 'true') t.fail('not installed: tshark')
    else t.plan(0, 'not installed: tshark')
    return
  }
  const [first = '', second = ''] = stdout.trim().split('\n')
  t.match(
    first,
    /^lb-2 uplink\|1796000000\.123250000\|(0x0*1|1)\|next hop 2 of 4: lb-2,NAT → 127\.20\.2\.2:4096\|1\|/,
    stderr,
  )
  t.match(second, /\|1796000000\.124250000\|(0x0*2|2)\|dropped: black-hole\|1\|/)
  t.notMatch(stderr, /cut short|damaged|appears/)
})
