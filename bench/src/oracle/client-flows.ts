import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SourcePool } from '@fivetuple/client'

const REQUEST = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'
/** Flows that are opened at once. */
const AT_ONCE = 64
/** Longest wait until each flow is served or has ended. */
const SETTLE_MAX_MS = 60_000
const LOOK_EVERY_MS = 5

/** TCP connection of a client, with one request at a time. */
interface ClientFlow {
  readonly socket: Socket
  /** SNAT address that the backend has seen; empty before the first response. */
  bip: string
  text: string
  isOver: boolean
}

/** Flows of clients at different addresses, which stay open between requests. */
export class ClientFlows {
  readonly #host: string
  readonly #port: number
  readonly #sources: SourcePool
  readonly #signal: AbortSignal
  #flows: ClientFlow[] = []
  #opened = 0

  /** @param listen address:port */
  constructor(listen: string, sources: SourcePool, signal: AbortSignal) {
    const [host = '', port] = listen.split(':')
    this.#host = host
    this.#port = Number(port)
    this.#sources = sources
    this.#signal = signal
  }

  /** Flows that have not ended, per SNAT address. */
  perBip(): Map<string, number> {
    const counts = new Map<string, number>()
    for (const { bip, isOver } of this.#flows) if (!isOver) counts.set(bip, (counts.get(bip) ?? 0) + 1)
    return counts
  }

  /**
   * Replaces all flows by so many new ones, each of which has had a response. Flows that have
   * survived one event are no even sample for the next, since their hashes have one next hop before
   * and after it.
   */
  async renew(count: number): Promise<void> {
    this.close()
    this.#flows = []
    while (this.#flows.length < count) {
      this.#signal.throwIfAborted()
      const some = Array.from({ length: Math.min(AT_ONCE, count - this.#flows.length) }, () => this.#open())
      this.#flows.push(...(await Promise.all(some)))
    }
    await this.request()
    for (const flow of this.#flows) flow.bip = /"address":"([^"]+)"/.exec(flow.text)?.[1] ?? ''
  }

  /** Sends a request on each flow; resolves when each is served or has ended. */
  async request(): Promise<void> {
    for (const flow of this.#flows) {
      flow.text = ''
      if (!flow.isOver) flow.socket.write(REQUEST)
    }
    const deadline = performance.now() + SETTLE_MAX_MS
    while (!this.#flows.every(({ isOver, text }) => isOver || text.endsWith('}\n'))) {
      if (performance.now() > deadline)
        throw new Error(`flows neither served nor ended after ${SETTLE_MAX_MS / 1000} s`)
      await sleep(LOOK_EVERY_MS, undefined, { signal: this.#signal })
    }
  }

  close(): void {
    for (const { socket } of this.#flows) socket.destroy()
  }

  async #open(): Promise<ClientFlow> {
    const localAddress = this.#sources.at(this.#opened++)
    const socket = connect({ host: this.#host, port: this.#port, localAddress, noDelay: true })
    const flow: ClientFlow = { socket, bip: '', text: '', isOver: false }
    socket.on('data', (chunk: Buffer) => {
      flow.text += chunk.toString('latin1')
    })
    await once(socket, 'connect')
    socket.on('error', () => {})
    socket.on('close', () => {
      flow.isOver = true
    })
    return flow
  }
}
