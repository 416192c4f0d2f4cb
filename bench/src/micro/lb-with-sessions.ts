import { strict as assert } from 'node:assert'
import { LbForwarder, roundRobin } from '@fivetuple/lb-node'
import { IPV4_HEADER_BYTES, IpProtocol, TcpFlag, tcpSourcePort } from '@fivetuple/packet'
import { NullOutput } from './null-output.js'
import { PACKET_BYTES, writePacket } from './packets.js'

const VIP = 0x7f140a01
const VIP_PORT = 8080
const BIP = 0x7f140201
const BACKEND_PORT = 8080
/** Number of backends: each takes 64,000 sessions of one BIP, so there are enough for a million. */
const BACKENDS = 32
const CLIENT_PORTS = 50_000

/** LB with this many established TCP sessions, numbered from 0. */
export class LbWithSessions {
  readonly uplink = new NullOutput()
  readonly downlink = new NullOutput()
  readonly forwarder: LbForwarder
  readonly #natPorts: Uint16Array
  readonly #packet = new Uint8Array(PACKET_BYTES)

  /**
   * @param idleMs idle time after which sessions expire
   * @param isRecording true if sessions are recorded
   */
  constructor(count: number, maxSessions = count, idleMs = 2 ** 31 - 1, isRecording = false) {
    this.forwarder = new LbForwarder(
      {
        address: 0x7f140101,
        bip: BIP,
        nat: {
          portRange: [1024, 65_535],
          maxSessions,
          timeouts: { synMs: idleMs, establishedMs: idleMs, closingMs: idleMs, closedMs: idleMs, udpMs: idleMs },
          unknownFlow: 'drop',
        },
        hasAddress: (address) => address === VIP,
        ...(isRecording && { onRecords: () => {} }),
      },
      this.uplink,
      this.downlink,
      0,
    )
    this.forwarder.setService({
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
    this.#natPorts = new Uint16Array(count)
    for (let i = 0; i < count; i++) this.#natPorts[i] = this.open(i, 0)
    assert.equal(this.forwarder.sessionCount, count)
  }

  /**
   * Opens a session with the three packets of a handshake. Returns its source port towards the
   * backend.
   */
  open(i: number, now: number): number {
    const b = this.#packet
    this.writeFromClient(b, 0, i, TcpFlag.SYN)
    this.forwarder.receiveFromUplink(b, 0, PACKET_BYTES, now)
    const natPort = tcpSourcePort(this.downlink.last, this.downlink.lastStart + IPV4_HEADER_BYTES)
    writePacket(b, 0, backendAddress(i), BACKEND_PORT, BIP, natPort, TcpFlag.SYN | TcpFlag.ACK)
    this.forwarder.receiveFromDownlink(b, 0, PACKET_BYTES, now)
    this.writeFromClient(b, 0, i, TcpFlag.ACK)
    this.forwarder.receiveFromUplink(b, 0, PACKET_BYTES, now)
    return natPort
  }

  /** Writes a packet of session `i` towards the VIP. */
  writeFromClient(b: Uint8Array, o: number, i: number, flags: number): void {
    writePacket(b, o, 0x7f146401 + Math.floor(i / CLIENT_PORTS), 1024 + (i % CLIENT_PORTS), VIP, VIP_PORT, flags)
  }

  /** Writes a packet of session `i`, one of the initial ones, towards the BIP. */
  writeFromBackend(b: Uint8Array, o: number, i: number, flags: number): void {
    writePacket(b, o, backendAddress(i), BACKEND_PORT, BIP, this.#natPorts[i]!, flags)
  }
}

function backendAddress(i: number): number {
  return 0x7f140301 + (i % BACKENDS)
}
