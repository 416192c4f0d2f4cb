import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { ClientEdge, type ClientEdgeService, type Fabric, ServerEdge, TcpEdge } from '@fivetuple/edge'
import {
  CLIENT_ADDRESS_OPTION_BYTES,
  type Endpoint,
  formatEndpoint,
  formatIpv4,
  ipv4HeaderLength,
  ipv4Source,
  ipv4TotalLength,
  NO_ROUTE,
  parseIpv4,
  parsePrefix,
  refreshIpv4Checksum,
  rewriteEndpoints,
  TCP_HEADER_BYTES,
  TcpFlag,
  tcpDestinationPort,
  tcpFlags,
  tcpSourcePort,
  writeClientAddressOption,
  writeU16,
  writeVipAddressOption,
} from '@fivetuple/packet'
import { DeadlineTimer, monotonicClock } from '@fivetuple/runtime'
import { type TcpOptions, tcpOptions } from '@fivetuple/tcp'
import { PacketWire } from '@fivetuple/testkit'
import type { Test } from 'tap'

const PORT = 8080

/** Addresses of one test file: files run side by side. */
export class SocketNet {
  readonly vip: Endpoint
  readonly backend: Endpoint
  readonly bip: number
  readonly client: string
  /** What the VIP of most tests is. */
  readonly service: ClientEdgeService

  /** @param k 1 to 254, the last part of all addresses */
  constructor(k: number) {
    this.vip = { address: parseIpv4(`127.69.10.${k}`)!, port: PORT }
    this.backend = { address: parseIpv4(`127.69.3.${k}`)!, port: PORT }
    this.bip = parseIpv4(`127.69.2.${k}`)!
    this.client = `127.69.100.${k}`
    this.service = { name: 'web', ...this.vip, listen: { address: `127.69.10.${k}`, port: PORT } }
  }

  /** A fabric that listens for its services. */
  async openFabric(t: Test, options: SocketFabricOptions = {}): Promise<SocketFabric> {
    const fabric = new SocketFabric(this, options)
    t.teardown(() => fabric.close())
    await fabric.clientEdge.update(() => true)
    return fabric
  }

  /** A real server, at the backend's address unless another one is given. */
  async openBackend(t: Test, onSocket?: (socket: Socket) => void, endpoint = this.backend): Promise<Backend> {
    const backend = new Backend(onSocket)
    t.teardown(() => backend.close())
    await backend.listen(endpoint)
    return backend
  }

  /** A client of the VIP at an address of its own; errors by their code. */
  dial(t: Test): { readonly socket: Socket; readonly errors: string[] } {
    const errors: string[] = []
    const { address: host, port } = this.service.listen
    const socket = connect({ host, port, localAddress: this.client, allowHalfOpen: true, noDelay: true })
    socket.on('error', ({ code }: NodeJS.ErrnoException) => errors.push(code ?? ''))
    t.teardown(() => socket.destroy())
    return { socket, errors }
  }
}

export interface SocketFabricOptions {
  readonly tcp?: Partial<TcpOptions>
  readonly maxFlows?: number
  readonly proxyProtocol?: readonly Endpoint[]
  /** Whether the SYN tells the backend's side who the client is, and which VIP it has connected to. */
  readonly passClientAddress?: boolean
  /** Where the NAT sends everything. */
  readonly backend?: Endpoint
  readonly services?: readonly ClientEdgeService[]
}

/**
 * A client edge and a server edge on real loopback sockets, with an address translation in between that is as plain as can
 * be: the client's port stays its port, and all go to one backend.
 */
export class SocketFabric {
  readonly clients: TcpEdge
  readonly servers: TcpEdge
  readonly clientEdge: ClientEdge
  readonly dialErrors: string[] = []
  readonly listenErrors: string[] = []
  readonly toServers: PacketWire
  readonly toClients: PacketWire
  readonly #options: SocketFabricOptions
  readonly #net: SocketNet
  readonly #backend: Endpoint
  readonly #clientOfPort = new Map<number, number>()
  readonly #timers: DeadlineTimer[] = []

  constructor(net: SocketNet, options: SocketFabricOptions) {
    const { services = [net.service], proxyProtocol = [], backend = net.backend } = options
    this.#net = net
    this.#options = options
    this.#backend = backend
    const clock = monotonicClock
    this.toServers = new PacketWire(setImmediate, (b, start, end) => {
      const packet = this.#forward(b.slice(start, end))
      this.servers.receive(packet, 0, packet.length, clock.now())
    })
    this.toClients = new PacketWire(setImmediate, (b, start, end) => {
      const packet = this.#backward(b.slice(start, end))
      this.clients.receive(packet, 0, packet.length, clock.now())
    })
    this.clients = this.#createEdge(this.toServers)
    this.clientEdge = new ClientEdge({
      edge: this.clients,
      clock,
      services,
      listenRetryMs: 5,
      onListenFailures: (failures) => this.listenErrors.push(...failures.map(({ reason }) => reason)),
    })
    const serverEdge = new ServerEdge(
      {
        clock,
        prefixes: [parsePrefix('127.69.3.0/24')!],
        proxyProtocol,
        onDialError: (flow, code) =>
          this.dialErrors.push(`${formatEndpoint(flow.localAddress, flow.localPort)} ${code}`),
      },
      () => this.servers,
    )
    this.servers = this.#createEdge(this.toClients, serverEdge)
  }

  get flowCount(): number {
    return this.clients.flowCount + this.servers.flowCount
  }

  async close(): Promise<void> {
    await this.clientEdge.close()
    for (const edge of [this.clients, this.servers]) edge.abortAll(monotonicClock.now())
    for (const timer of this.#timers) timer.close()
  }

  #createEdge(wire: PacketWire, server?: ServerEdge): TcpEdge {
    const fabric: Fabric = { routeAndCount: () => (wire.isCut ? NO_ROUTE : 1), outputOf: () => wire }
    const timer = new DeadlineTimer(monotonicClock, () => {
      edge.onTimeout(monotonicClock.now())
      return edge.deadline()
    })
    this.#timers.push(timer)
    const edge: TcpEdge = new TcpEdge(
      {
        fabric,
        tcp: tcpOptions({ timeWaitMs: 20, ...this.#options.tcp }),
        maxFlows: this.#options.maxFlows ?? 100,
        nextIss: () => 1,
        onEarlierDeadline: (deadline) => timer.arm(deadline),
        ...(server === undefined ? {} : { onIncoming: server.accept }),
      },
      monotonicClock.now(),
    )
    return edge
  }

  #forward(b: Uint8Array): Uint8Array {
    const tcp = ipv4HeaderLength(b, 0)
    const client = { address: ipv4Source(b, 0), port: tcpSourcePort(b, tcp) }
    this.#clientOfPort.set(client.port, client.address)
    rewriteEndpoints(b, 0, this.#net.bip, this.#backend.address, client.port, this.#backend.port)
    return this.#options.passClientAddress && tcpFlags(b, tcp) === TcpFlag.SYN
      ? withClient(b, client, this.#net.vip)
      : b
  }

  #backward(b: Uint8Array): Uint8Array {
    const port = tcpDestinationPort(b, ipv4HeaderLength(b, 0))
    const { vip } = this.#net
    rewriteEndpoints(b, 0, vip.address, this.#clientOfPort.get(port)!, vip.port, port)
    return b
  }
}

function withClient(b: Uint8Array, client: Endpoint, vip: Endpoint): Uint8Array {
  const options = ipv4HeaderLength(b, 0) + TCP_HEADER_BYTES
  const added = 2 * CLIENT_ADDRESS_OPTION_BYTES
  const longer = new Uint8Array(b.length + added)
  longer.set(b.subarray(0, options))
  writeClientAddressOption(longer, options, client.address, client.port)
  writeVipAddressOption(longer, options + CLIENT_ADDRESS_OPTION_BYTES, vip.address, vip.port)
  longer.set(b.subarray(options), options + added)
  longer[options - 8]! += (added / 4) << 4 // data offset
  writeU16(longer, 2, ipv4TotalLength(b, 0) + added)
  refreshIpv4Checksum(longer, 0)
  return longer
}

/** A real server and the sockets that it accepts, with their errors taken note of. */
export class Backend {
  readonly sockets: Socket[] = []
  readonly errors: string[] = []
  readonly #server: Server

  constructor(onSocket: (socket: Socket) => void = () => {}) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', ({ code }: NodeJS.ErrnoException) => this.errors.push(code ?? ''))
      this.sockets.push(socket)
      onSocket(socket)
    })
  }

  /** Sockets that have not been closed. */
  get open(): number {
    return this.sockets.filter(({ closed }) => !closed).length
  }

  async listen({ address, port }: Endpoint): Promise<void> {
    this.#server.listen({ host: formatIpv4(address), port, exclusive: true })
    await once(this.#server, 'listening')
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy()
    this.#server.close()
  }
}

/** All that comes up to FIN; the socket is not touched beyond that (an async iterator would destroy it). */
export function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('end', () => resolve(Buffer.concat(chunks)))
    socket.on('error', reject)
    socket.resume()
  })
}

/** Waits until something holds, at most ten seconds: what takes longer here never comes. */
export async function until(holds: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 10_000
  while (!holds()) {
    if (performance.now() > giveUpAt) throw new Error(`never: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
