import { createHmac } from 'node:crypto'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { AddressTable, type ElectionStatus, Redundancy, type RedundancyConfig, VipPlacement } from '@fivetuple/lb-node'
import { parseIpv4 } from '@fivetuple/packet'
import { createLogger, monotonicClock } from '@fivetuple/runtime'
import type { Test } from 'tap'

export const PORT = 1112
export const KEY = Buffer.alloc(32, 7)
/** A takeover takes some 200 ms. */
export const ADVER_INTERVAL_MS = 50
/** Longest wait for a condition; one that is not met by then never will be. */
const PATIENCE_MS = 10_000

/** One LB's part in elections, with its interface. */
export interface Node {
  readonly address: string
  readonly addresses: AddressTable
  readonly placement: VipPlacement
  readonly redundancy: Redundancy
  readonly changes: ElectionStatus[]
}

/** A node that is to carry the VIPs, not started yet; it is stopped when the test ends. */
export function createNode(
  t: Test,
  address: string,
  peers: readonly string[],
  vips: readonly string[],
  change: Partial<RedundancyConfig> = {},
): Node {
  const addresses = new AddressTable()
  const placement = new VipPlacement(addresses)
  const changes: ElectionStatus[] = []
  const redundancy = new Redundancy({
    config: {
      kind: 'active-standby',
      port: PORT,
      peers: peers.filter((peer) => peer !== address).map((peer) => ({ name: peer, address: peer })),
      priority: 100,
      adverIntervalMs: ADVER_INTERVAL_MS,
      preempt: true,
      vips: vips.map((vip, i) => ({ vrid: i + 1, address: vip })),
      ...change,
    },
    localAddress: address,
    clusterKey: KEY,
    placement,
    clock: monotonicClock,
    log: createLogger(address, 'silent'),
    onChange: (election) => changes.push(election),
  })
  for (const vip of vips) placement.want(parseIpv4(vip)!, true)
  let isStopped = false
  const stop = redundancy.stop.bind(redundancy)
  redundancy.stop = async () => {
    if (isStopped) return
    isStopped = true
    await stop()
  }
  t.teardown(() => redundancy.stop())
  return { address, addresses, placement, redundancy, changes }
}

/** What a peer hears. */
export interface Heard {
  readonly datagram: Buffer
  readonly from: RemoteInfo
}

/** A bare socket on a router's address, with which a test plays a peer or somebody else. */
export class BarePeer {
  readonly address: string
  readonly heard: Heard[] = []
  readonly #socket: Socket

  private constructor(socket: Socket, address: string) {
    this.#socket = socket
    this.address = address
    socket.on('message', (datagram, from) => this.heard.push({ datagram, from }))
  }

  /** @param port 0: any that is free */
  static async bind(t: Test, address: string, port = PORT): Promise<BarePeer> {
    const socket = createSocket('udp4')
    socket.bind(port, address)
    await once(socket, 'listening')
    t.teardown(() => new Promise<void>((resolve) => socket.close(() => resolve())))
    return new BarePeer(socket, address)
  }

  send(datagram: Uint8Array, to: string): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#socket.send(datagram, PORT, to, (error) => (error === null ? resolve() : reject(error))),
    )
  }

  /** Sends an advertisement with the trailer that makes it count. */
  advertise(advertisement: Uint8Array, to: string, stamp = process.hrtime.bigint()): Promise<void> {
    return this.send(sealed(advertisement, this.address, to, stamp), to)
  }
}

/** An advertisement with its trailer, made without the code under test. */
export function sealed(advertisement: Uint8Array, from: string, to: string, stamp: bigint, key = KEY): Buffer {
  const stampBytes = Buffer.from(stamp.toString(16).padStart(16, '0'), 'hex')
  const octets = [...from.split('.'), ...to.split('.')].map(Number)
  const proved = Buffer.concat([advertisement, stampBytes])
  const proof = createHmac('sha256', key)
    .update(Buffer.concat([Buffer.from('fivetuple vrrp'), Buffer.from(octets), proved]))
    .digest()
  return Buffer.concat([proved, proof.subarray(0, 16)])
}

/** Waits until a condition holds; rejects when it does not within ten seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`still not so: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
