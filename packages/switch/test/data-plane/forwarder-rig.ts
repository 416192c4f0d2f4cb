import {
  FLOW_HASHES,
  type FlowHash,
  ipv4TotalLength,
  PacketBatch,
  type PacketOutput,
  parseIpv4,
  parsePrefix,
} from '@fivetuple/packet'
import { type EcmpSelection, Fib, Forwarder, type ForwarderPort, modulo } from '@fivetuple/switch'

export const ROUTER = parseIpv4('127.20.0.1')!

/** A port whose packets are kept, and that counts how often something was put in. */
export class RecordingPort implements ForwarderPort {
  readonly id: number
  isUp = true
  readonly output: PacketOutput
  readonly #batch = new PacketBatch()
  calls = 0

  constructor(id: number) {
    this.id = id
    const batch = this.#batch
    this.output = {
      blocked: false,
      get buffer() {
        return batch.buffer
      },
      reserve: (length) => batch.reserve(length),
      writeCopy: (b, start, end) => {
        this.calls++
        batch.writeCopy(b, start, end)
      },
      writeOwned: (b, start, end) => {
        this.calls++
        batch.writeOwned(b, start, end)
      },
    }
  }

  /** The packets so far. */
  get packets(): Uint8Array[] {
    const packets: Uint8Array[] = []
    for (let o = 0; o < this.#batch.length; o += ipv4TotalLength(this.#batch.buffer, o))
      packets.push(this.#batch.buffer.slice(o, o + ipv4TotalLength(this.#batch.buffer, o)))
    return packets
  }
}

/** A forwarder between recording ports 1 to `ports` and a recording edge. */
export function rig(options: {
  readonly ports: number
  readonly routes: Readonly<Record<string, readonly number[]>>
  readonly hash?: FlowHash
  readonly seed?: number
  readonly selection?: EcmpSelection
}) {
  const ports = Array.from({ length: options.ports }, (_, i) => new RecordingPort(i + 1))
  const toEdge: Uint8Array[] = []
  const routes = Object.entries(options.routes).map(([text, nextHops]) => ({
    prefix: parsePrefix(text)!,
    nextHops,
    cost: 10,
  }))
  const forwarder = new Forwarder(
    {
      address: ROUTER,
      hash: options.hash ?? FLOW_HASHES.murmur3,
      seed: options.seed ?? 1,
      fib: Fib.empty(options.selection ?? modulo).with(routes),
      edge: (b, start, end) => toEdge.push(b.slice(start, end)),
    },
    ports,
  )
  return { forwarder, ports, toEdge, port: (id: number): RecordingPort => ports[id - 1]! }
}
