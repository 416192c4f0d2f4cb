import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { type Endpoint, PROXY_SIGNATURE, readProxyHeader } from '@fivetuple/packet'

/** Clients behind a server's connections, as their proxies have reported them. */
export interface ProxyHeaders {
  /**
   * Returns the client in the connection's header; undefined without a header, or if the connection
   * is the proxy's own.
   */
  clientOf(socket: Socket): Endpoint | undefined
  /** Drops the connections that are not served yet. To be called before the server is closed. */
  close(): void
}

/**
 * Time in which a connection must send its first bytes, and the complete header if it begins one:
 * SWEEPS_MAX sweeps.
 */
const SWEEP_MS = 10_000
const SWEEPS_MAX = 6

/**
 * Makes a server accept connections that begin with a PROXY protocol header (version 2) beside
 * those without one: HTTP gets a connection after its first bytes have been checked. A connection
 * with a malformed header is dropped.
 *
 * The protocol's text forbids detection of the header (§2), since any client could then claim to be
 * another. This server only shows the client in the header. Nothing depends on it.
 *
 * @param take gets each connection first, with its bytes behind the header; false: HTTP gets it
 */
export function acceptProxyHeaders(
  server: Server,
  take: (socket: Socket, head: Buffer) => boolean = () => false,
): ProxyHeaders {
  const serve = server.listeners('connection') as ((this: Server, socket: Socket) => void)[]
  const clients = new WeakMap<Socket, Endpoint>()
  /** Connections that HTTP has not got yet, and the number of sweeps before they arrived. */
  const waiting = new Map<Socket, number>()
  /** Bytes of connections that began with a header's first byte. */
  const begun = new WeakMap<Socket, Beginning>()
  let sweeps = 0
  let closed = false

  function onData(this: Socket, chunk: Buffer): void {
    const beginning = begun.get(this)
    if (beginning === undefined && chunk[0] !== PROXY_SIGNATURE[0]) handOver(this, chunk)
    else look(this, beginning === undefined ? chunk : beginning.join(chunk))
  }
  function look(socket: Socket, head: Buffer | undefined): void {
    if (head === undefined) return
    const reading = readProxyHeader(head, 0, head.length)
    switch (reading.kind) {
      case 'incomplete':
        begun.set(socket, new Beginning(head, reading.wanted))
        return
      case 'malformed':
        socket.destroy()
        return
      case 'absent':
        handOver(socket, head)
        return
      case 'header':
        if (reading.header.source !== undefined) clients.set(socket, reading.header.source)
        handOver(socket, head.subarray(reading.end))
    }
  }
  function handOver(socket: Socket, head: Buffer): void {
    waiting.delete(socket)
    socket.off('data', onData)
    if (take(socket, head)) return
    for (const listener of serve) listener.call(server, socket)
    // HTTP listens now, and gets these bytes like all later ones, without the stream's buffer.
    if (head.length > 0) socket.emit('data', head)
  }
  function onEnd(this: Socket): void {
    if (waiting.has(this)) this.end() // nothing was sent, or an incomplete header, which is void
  }
  function onClose(this: Socket): void {
    waiting.delete(this)
  }

  server.removeAllListeners('connection')
  server.on('connection', (socket) => {
    if (closed) {
      socket.destroy()
      return
    }
    waiting.set(socket, sweeps)
    // All but the first of these listeners stay: removing them would cost each connection more than
    // they do.
    socket.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose)
  })
  const sweep = setInterval(() => {
    sweeps++
    for (const [socket, since] of waiting) if (sweeps - since > SWEEPS_MAX) socket.destroy()
  }, SWEEP_MS).unref()
  return {
    clientOf: (socket) => clients.get(socket),
    close() {
      closed = true
      clearInterval(sweep)
      for (const socket of waiting.keys()) socket.destroy()
    },
  }
}

/**
 * First bytes of a connection that may become a header. They are joined only when there are enough.
 */
class Beginning {
  readonly #chunks: Buffer[]
  readonly #wanted: number
  #length: number

  constructor(bytes: Buffer, wanted: number) {
    this.#chunks = [bytes]
    this.#wanted = wanted
    this.#length = bytes.length
  }

  /** Adds bytes. Returns all bytes so far, or undefined while there are fewer than wanted. */
  join(chunk: Buffer): Buffer | undefined {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    return this.#length < this.#wanted ? undefined : Buffer.concat(this.#chunks)
  }
}

function onError(): void {} // 'close' follows
