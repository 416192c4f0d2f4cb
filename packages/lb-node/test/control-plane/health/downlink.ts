import { FabricHost, ServerEdge, TcpEdge, UdpServerEdge } from '@fivetuple/edge'
import { IpProtocol, ipv4Protocol, parseIpv4, prefixOf } from '@fivetuple/packet'
import { DeadlineTimer, monotonicClock } from '@fivetuple/runtime'
import { tcpOptions } from '@fivetuple/tcp'
import { PacketWire } from '@fivetuple/testkit'

/** What an LB reaches its backends through: its host, a wire, and the edges of a downlink switch to real sockets. */
export class Downlink {
  readonly host: FabricHost
  readonly toBackend: PacketWire
  readonly toHost: PacketWire
  readonly #tcp: TcpEdge
  readonly #udp: UdpServerEdge
  readonly #timer: DeadlineTimer

  /** @param backend address of the real backends, and @param bip source of what reaches them */
  constructor(bip: string, backend: string) {
    const clock = monotonicClock
    const prefixes = [prefixOf(parseIpv4(backend)!, 32)]
    const tcp = tcpOptions({ timeWaitMs: 20 })
    this.toBackend = new PacketWire(setImmediate, (b, start, end) => {
      const edge = ipv4Protocol(b, start) === IpProtocol.TCP ? this.#tcp : this.#udp
      edge.receive(b, start, end, clock.now())
    })
    this.toHost = new PacketWire(setImmediate, (b, start, end) => this.host.receive(b, start, end, clock.now()))
    const fabric = { routeAndCount: () => 0, outputOf: () => this.toHost }
    this.host = new FabricHost({
      output: this.toBackend,
      address: parseIpv4(bip)!,
      ports: [15_000, 15_099],
      tcp,
      clock,
    })
    const serverEdge = new ServerEdge({ clock, prefixes, proxyProtocol: [], onDialError: () => {} }, () => this.#tcp)
    this.#timer = new DeadlineTimer(clock, () => {
      this.#tcp.onTimeout(clock.now())
      return this.#tcp.deadline()
    })
    this.#tcp = new TcpEdge(
      {
        fabric,
        tcp,
        maxFlows: 100,
        nextIss: () => 1,
        onIncoming: serverEdge.accept,
        onEarlierDeadline: (deadline) => this.#timer.arm(deadline),
      },
      clock.now(),
    )
    this.#udp = new UdpServerEdge({ fabric, prefixes, idleMs: 30_000, maxFlows: 100 })
  }

  /** Waits until nothing of any connection is left. */
  async quiet(): Promise<void> {
    while (this.host.portsInUse > 0 || this.#tcp.flowCount > 0) await new Promise(setImmediate)
  }

  close(): void {
    this.host.close()
    this.#timer.close()
    this.#tcp.abortAll(monotonicClock.now())
    this.#udp.close()
  }
}
