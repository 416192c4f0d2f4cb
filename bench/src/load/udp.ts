import { createSocket, type Socket } from 'node:dgram'
import type { Load, LoadOptions } from './load.js'
import { Window } from './window.js'

/** Time without a response after which a datagram counts as lost, and the next one is sent. */
const LOST_MS = 500
const SWEEP_MS = 100

/** Closed loop of datagrams that are echoed: each socket has one under way, and is one flow. */
export function udpLoad(bytes: number): Load {
  return async (options) => {
    const window = new Window()
    const payload = Buffer.alloc(bytes, 'x')
    const flows = Array.from({ length: options.connections }, () => new UdpFlow(options, payload, window))
    await Promise.all(flows.map((flow) => flow.start()))
    const sweep = setInterval(() => {
      for (const flow of flows) flow.sendAgainIfLost()
    }, SWEEP_MS)
    await window.pass(options)
    clearInterval(sweep)
    for (const flow of flows) flow.stop()
    return window.sample()
  }
}

class UdpFlow {
  readonly #socket: Socket = createSocket('udp4')
  readonly #options: LoadOptions
  readonly #payload: Buffer
  readonly #window: Window
  #sentMs = 0

  constructor(options: LoadOptions, payload: Buffer, window: Window) {
    this.#options = options
    this.#payload = payload
    this.#window = window
  }

  start(): Promise<void> {
    const { host, port } = this.#options
    const socket = this.#socket
    socket.on('error', (error: NodeJS.ErrnoException) => this.#window.error(error.code ?? error.message))
    socket.on('message', (payload) => {
      this.#window.received(payload.length)
      this.#window.response(performance.now() - this.#sentMs)
      this.#send()
    })
    return new Promise((resolve) => {
      socket.connect(port, host, () => {
        this.#send()
        resolve()
      })
    })
  }

  sendAgainIfLost(): void {
    if (performance.now() - this.#sentMs < LOST_MS) return
    this.#window.error('LOST')
    this.#send()
  }

  stop(): void {
    this.#socket.close()
  }

  #send(): void {
    this.#sentMs = performance.now()
    this.#socket.send(this.#payload)
  }
}
