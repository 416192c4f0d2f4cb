import { type Fault, seededRandom } from '@fivetuple/faults'
import { type TcpOptions, tcpOptions } from '@fivetuple/tcp'
import { ManualClock, SimulatedLink } from '@fivetuple/testkit'
import { Host } from './host.js'

export interface TwoHostsOptions {
  readonly clientTcp?: Partial<TcpOptions>
  readonly serverTcp?: Partial<TcpOptions>
  readonly faults?: readonly Fault[]
  readonly seed?: number
  readonly clientIss?: number
  readonly serverIss?: number
}

export const CLIENT_PORT = 41_234
export const SERVER_PORT = 8_080

/** One way takes this long unless faults say something else. */
export const ONE_WAY_MS = 1

/** A client and a server joined by a wire in each direction, on one virtual clock. */
export class TwoHosts {
  readonly clock = new ManualClock(1_000)
  readonly random
  readonly client: Host
  readonly server: Host
  readonly toServer: SimulatedLink<Uint8Array>
  readonly toClient: SimulatedLink<Uint8Array>
  /** Every segment that was sent, in order: `> ` to the server or `< ` to the client. */
  readonly log: { readonly at: number; readonly toServer: boolean; readonly segment: Uint8Array }[] = []

  constructor(options: TwoHostsOptions = {}) {
    const { clientTcp, serverTcp, seed = 1, clientIss = 0x01020304, serverIss = 0x0a0b0c0d } = options
    const faults = options.faults ?? [{ kind: 'delay', ms: ONE_WAY_MS, jitterMs: 0 }]
    this.random = seededRandom(seed)
    this.client = new Host(this.clock, tcpOptions(clientTcp), CLIENT_PORT, SERVER_PORT, clientIss)
    this.server = new Host(this.clock, tcpOptions(serverTcp), SERVER_PORT, CLIENT_PORT, serverIss)
    this.toServer = new SimulatedLink(this.clock, this.random, faults, (segment) => this.server.receive(segment))
    this.toClient = new SimulatedLink(this.clock, this.random, faults, (segment) => this.client.receive(segment))
    this.client.wire = (segment) => {
      this.log.push({ at: this.clock.now, toServer: true, segment })
      this.toServer.send(segment)
    }
    this.server.wire = (segment) => {
      this.log.push({ at: this.clock.now, toServer: false, segment })
      this.toClient.send(segment)
    }
  }

  /** Opens the connection and lets all that follows from it happen, up to the first long wait. */
  open(): this {
    this.client.connect()
    this.clock.advance(10 * ONE_WAY_MS)
    return this
  }

  /** Runs until nothing is left to do. Returns false when that takes more than `steps`. */
  drain(steps = 200_000): boolean {
    for (let i = 0; i < steps; i++) if (!this.clock.step()) return true
    return false
  }
}
