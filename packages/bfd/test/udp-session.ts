// A session over real UDP, as the interop tests need it: one socket that receives, one that sends with TTL 255.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { type BfdInput, type BfdOutput, BfdSession, type BfdSessionConfig } from '@fivetuple/bfd'

/** Port of multihop sessions (RFC 5883 §5). */
const MULTIHOP_PORT = 4_784
/** First source port (RFC 5881 §4). */
const SOURCE_PORT = 49_152
const TTL = 255

export class UdpSession {
  readonly session: BfdSession
  readonly outputs: BfdOutput[] = []
  /** Time of the last datagram of the peer, by `performance.now()`. */
  receivedAt = 0
  readonly #receiver = createSocket('udp4')
  readonly #sender: Socket = createSocket('udp4')
  readonly #peer: string
  #timer: NodeJS.Timeout | undefined
  #changed: (() => void) | undefined

  constructor(peer: string, config: BfdSessionConfig) {
    this.#peer = peer
    this.session = new BfdSession(config, performance.now())
  }

  /** Rejects if the address is in use. */
  async start(address: string): Promise<void> {
    this.#receiver.on('message', (bytes, { address: from }) => {
      if (from !== this.#peer) return
      this.receivedAt = performance.now()
      this.handle({ type: 'packet', bytes })
    })
    for (const [socket, port] of [
      [this.#receiver, MULTIHOP_PORT],
      [this.#sender, SOURCE_PORT],
    ] as const) {
      socket.bind({ address, port, exclusive: true })
      await once(socket, 'listening')
    }
    this.#sender.setTTL(TTL)
    this.#turn()
  }

  handle(input: BfdInput): void {
    this.session.handle(input, performance.now())
    this.#turn()
  }

  /** Resolves when `isTrue` holds after an input. */
  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise<void>((resolve) => (this.#changed = resolve))
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#receiver.close()
    this.#sender.close()
  }

  #turn(): void {
    for (let output = this.session.poll(); output !== undefined; output = this.session.poll()) {
      this.outputs.push(output)
      if (output.type === 'send') this.#sender.send(output.bytes, MULTIHOP_PORT, this.#peer, () => {})
    }
    clearTimeout(this.#timer)
    const waitMs = this.session.deadline() - performance.now()
    if (waitMs < Number.POSITIVE_INFINITY)
      this.#timer = setTimeout(() => this.handle({ type: 'timeout' }), Math.max(0, Math.ceil(waitMs)))
    this.#changed?.()
  }
}
