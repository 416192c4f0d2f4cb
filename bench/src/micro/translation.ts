import { strict as assert } from 'node:assert'
import { fillL4Checksum, rewriteEndpoints, TcpFlag } from '@fivetuple/packet'
import { LbWithSessions } from './lb-with-sessions.js'
import type { Operations, TimedBench } from './micro-bench.js'
import { PACKET_BYTES, scatter, writePacket } from './packets.js'

/** Packets per run, as cables deliver them under load. */
const RUN_PACKETS = 64
/**
 * Packets measured, of sessions all over the table: with a million sessions their records are twice
 * the size of a cache of 16 MB.
 */
const SAMPLE = 262_144

/** Benches of NAT in both directions, and of the rewriting alone. */
export const translationBenches: readonly TimedBench[] = [
  { name: 'rewrite a packet, checksum offloaded', prepare: () => rewrite(false) },
  { name: 'rewrite a packet, with its checksum', prepare: () => rewrite(true) },
  ...[1_000, 100_000, 1_000_000].flatMap((sessions) => [
    { name: `nat to backend, ${sessions} sessions`, prepare: () => nat(sessions, true) },
    { name: `nat to client, ${sessions} sessions`, prepare: () => nat(sessions, false) },
  ]),
]

function rewrite(hasChecksum: boolean): () => number {
  const [client, vip, bip, backend] = [0x7f146407, 0x7f140a01, 0x7f140201, 0x7f140302] as const
  const b = new Uint8Array(PACKET_BYTES)
  writePacket(b, 0, client, 41_234, vip, 8080, TcpFlag.ACK)
  if (hasChecksum) fillL4Checksum(b, 0)
  return () => {
    for (let i = 0; i < 1024; i += 2) {
      rewriteEndpoints(b, 0, bip, backend, 20_017, 8080)
      rewriteEndpoints(b, 0, client, vip, 41_234, 8080)
    }
    return 1024
  }
}

/** LB with this many established sessions, and packets of random sessions. */
function nat(count: number, toBackend: boolean): Operations {
  const lb = new LbWithSessions(count)
  const next = scatter(4)
  const fresh = new Uint8Array(SAMPLE * PACKET_BYTES)
  for (let o = 0; o < fresh.length; o += PACKET_BYTES) {
    if (toBackend) lb.writeFromClient(fresh, o, next() % count, TcpFlag.ACK)
    else lb.writeFromBackend(fresh, o, next() % count, TcpFlag.ACK)
  }
  const run = new Uint8Array(RUN_PACKETS * PACKET_BYTES)
  const output = toBackend ? lb.downlink : lb.uplink
  let at = 0
  return {
    // Translation works in place, in a buffer that a read has just filled.
    refresh: () => {
      run.set(fresh.subarray(at, at + run.length))
      at = (at + run.length) % fresh.length
      output.packetBytes = 0
    },
    run: () => {
      if (toBackend) lb.forwarder.receiveFromUplink(run, 0, run.length, 1)
      else lb.forwarder.receiveFromDownlink(run, 0, run.length, 1)
      assert.equal(output.packetBytes, run.length, 'every packet has a session')
      return RUN_PACKETS
    },
  }
}
