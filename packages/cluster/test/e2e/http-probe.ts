import { once } from 'node:events'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { wasSocketReset } from '@fivetuple/runtime'

/** Response of the backends of the cluster to `/`. */
export interface BackendAnswer {
  readonly backend: string
  readonly peer: { readonly address: string; readonly port: number }
  readonly requests: number
}

/**
 * One GET on a connection of its own, from a given address and port: the same tuples each time, so the same hashes. Tells
 * also which source port it had.
 */
export function getOnce(
  host: string,
  port: number,
  localAddress: string,
  localPort?: number,
): Promise<{ status: number; text: string; answer: BackendAnswer; clientPort: number }> {
  return new Promise((resolve, reject) => {
    const source = localPort === undefined ? { localAddress } : { localAddress, localPort }
    const req = request({ host, port, path: '/', ...source, agent: false }, (res) => {
      const clientPort = (res.socket as Socket).localPort ?? 0
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', reject)
      res.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const status = res.statusCode ?? 0
        resolve({ status, text, clientPort, answer: (text.startsWith('{') ? JSON.parse(text) : {}) as BackendAnswer })
      })
    })
    req.on('error', reject)
    req.end()
  })
}

/** A plain TCP connection that collects what it receives. */
export class RawClient {
  readonly socket: Socket
  received = Buffer.alloc(0)
  ended = false
  /** errno of what ended it, or 'closed' */
  readonly closed: Promise<string>

  private constructor(socket: Socket) {
    this.socket = socket
    let how = 'closed'
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk])
    })
    socket.on('end', () => {
      // Node.js itself takes a reset behind bytes for an end.
      if (wasSocketReset(socket)) socket.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))
      else this.ended = true
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      how = error.code ?? error.message
    })
    this.closed = new Promise((resolve) => socket.once('close', () => resolve(how)))
  }

  /** Connects; the other direction stays open after an end (half-close). */
  static async open(listen: string): Promise<RawClient> {
    const [host, port] = listen.split(':')
    const socket = connect({ host: host!, port: Number(port), allowHalfOpen: true })
    const client = new RawClient(socket)
    await once(socket, 'connect')
    return client
  }

  get text(): string {
    return this.received.toString('latin1')
  }
}

/** One GET on a connection of its own that does not stay: the built-in fetch would keep it alive behind our back. */
export function fetchOnce(url: string): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const req = request(url, { agent: false }, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', reject)
      res.on('end', () => resolve({ status: res.statusCode ?? 0, body: Buffer.concat(chunks) }))
    })
    req.on('error', reject)
    req.end()
  })
}
