import { strict as assert } from 'node:assert'
import { LbForwarder, roundRobin } from '@fivetuple/lb-node'
import {
  fillL4Checksum,
  IPV4_HEADER_BYTES,
  IpProtocol,
  rewriteEndpoints,
  TcpFlag,
  tcpSourcePort,
} from '@fivetuple/packet'
import type { MicroBench } from './micro-bench.js'
import { NullOutput } from './null-output.js'
import { PACKET_BYTES, scatter, writePacket } from './packets.js'

const VIP = 0x7f140a01
const VIP_PORT = 8080
const BIP = 0x7f140201
const BACKEND_PORT = 8080
/** A backend takes 64,000 sessions of one BIP: enough of them for a million. */
const BACKENDS = 32
const CLIENT_PORTS = 50_000
const RUN_PACKETS = 64
/** Packets measured, of sessions all over the table: at a million most are in no cache. */
const SAMPLE = 16_384

/** NAT both ways, and the rewriting alone. */
export const translationBenches: readonly MicroBench[] = [
  { name: 'rewrite a packet, checksum offloaded', prepare: () => rewrite(false) },
  { name: 'rewrite a packet, with its checksum', prepare: () => rewrite(true) },
  ...[1_000, 100_000, 1_000_000].flatMap((sessions) => [
    { name: `nat to backend, ${sessions} sessions`, prepare: () => nat(sessions, true) },
    { name: `nat to client, ${sessions} sessions`, prepare: () => nat(sessions, false) },
  ]),
]

function rewrite(hasChecksum: boolean): () => number {
  const b = new Uint8Array(PACKET_BYTES)
  writePacket(b, 0, 0x7f146407, 41_234, VIP, VIP_PORT, TcpFlag.ACK)
  if (hasChecksum) fillL4Checksum(b, 0)
  return () => {
    for (let i = 0; i < 1024; i += 2) {
      rewriteEndpoints(b, 0, BIP, 20_017, 0x7f140302, BACKEND_PORT)
      rewriteEndpoints(b, 0, 0x7f146407, 41_234, VIP, VIP_PORT)
    }
    return 1024
  }
}

/** One LB with so many established sessions, and a packet for each of a sample of them. */
function nat(count: number, toBackend: boolean): () => number {
  const uplink = new NullOutput()
  const downlink = new NullOutput()
  const never = 2 ** 31 - 1
  const lb = new LbForwarder(
    {
      address: 0x7f140101,
      bip: BIP,
      nat: {
        portRange: [1024, 65_535],
        maxSessions: count,
        timeouts: { synMs: never, establishedMs: never, closingMs: never, closedMs: never, udpMs: never },
        unknownFlow: 'drop',
      },
      hasAddress: (address) => address === VIP,
    },
    uplink,
    downlink,
    0,
  )
  const backendAddress = (i: number): number => 0x7f140301 + (i % BACKENDS)
  lb.setService({
    name: 'web',
    address: VIP,
    port: VIP_PORT,
    protocol: IpProtocol.TCP,
    policy: roundRobin,
    backends: Array.from({ length: BACKENDS }, (_, i) => ({
      name: `backend-${i}`,
      address: backendAddress(i),
      port: BACKEND_PORT,
      weight: 1,
    })),
  })
  const clientAddress = (i: number): number => 0x7f146401 + Math.floor(i / CLIENT_PORTS)
  const clientPort = (i: number): number => 1024 + (i % CLIENT_PORTS)
  const natPorts = new Uint16Array(count)
  const b = new Uint8Array(PACKET_BYTES)
  for (let i = 0; i < count; i++) {
    writePacket(b, 0, clientAddress(i), clientPort(i), VIP, VIP_PORT, TcpFlag.SYN)
    lb.receiveFromUplink(b, 0, PACKET_BYTES, 0)
    natPorts[i] = tcpSourcePort(downlink.last, downlink.lastStart + IPV4_HEADER_BYTES)
    writePacket(b, 0, backendAddress(i), BACKEND_PORT, BIP, natPorts[i]!, TcpFlag.SYN | TcpFlag.ACK)
    lb.receiveFromDownlink(b, 0, PACKET_BYTES, 0)
    writePacket(b, 0, clientAddress(i), clientPort(i), VIP, VIP_PORT, TcpFlag.ACK)
    lb.receiveFromUplink(b, 0, PACKET_BYTES, 0)
  }
  assert.equal(lb.sessionCount, count)

  const next = scatter(4)
  const fresh = new Uint8Array(SAMPLE * PACKET_BYTES)
  for (let p = 0; p < SAMPLE; p++) {
    const i = next() % count
    if (toBackend) writePacket(fresh, p * PACKET_BYTES, clientAddress(i), clientPort(i), VIP, VIP_PORT, TcpFlag.ACK)
    else writePacket(fresh, p * PACKET_BYTES, backendAddress(i), BACKEND_PORT, BIP, natPorts[i]!, TcpFlag.ACK)
  }
  const run = new Uint8Array(RUN_PACKETS * PACKET_BYTES)
  return () => {
    const output = toBackend ? downlink : uplink
    output.packetBytes = 0
    for (let o = 0; o < fresh.length; o += run.length) {
      run.set(fresh.subarray(o, o + run.length)) // translation works in place
      if (toBackend) lb.receiveFromUplink(run, 0, run.length, 1)
      else lb.receiveFromDownlink(run, 0, run.length, 1)
    }
    assert.equal(output.packetBytes, fresh.length, 'every packet has a session')
    return SAMPLE
  }
}
