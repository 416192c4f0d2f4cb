import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { type Endpoint, PROXY_SIGNATURE, readProxyHeader } from '@fivetuple/packet'

/** Who the clients behind a server's connections are, as far as their proxies have told. */
export interface ProxyHeaders {
  /**
   * The client that the connection's header named; undefined without a header, or with one of the
   * proxy's own.
   */
  clientOf(socket: Socket): Endpoint | undefined
  /**
   * Drops the connections that have not sent enough yet to be served; to be called before the
   * server is closed.
   */
  close(): void
}

/**
 * How long a connection may wait before it has sent its first bytes, and the whole header if it
 * begins one.
 */
const SWEEP_MS = 10_000
const SWEEPS_MAX = 6

/**
 * Makes a server take connections that begin with a PROXY protocol header (version 2) beside those
 * that don't: HTTP sees a connection when its first bytes have been looked at. A connection whose
 * header is malformed is dropped.
 *
 * The protocol's text forbids to guess whether there is a header (§2), since then whoever reaches
 * the server can claim to be anybody. This server only shows what it is told; nothing depends on
 * it.
 */
export function acceptProxyHeaders(server: Server): ProxyHeaders {
  const serve = server.listeners('connection') as ((this: Server, socket: Socket) => void)[]
  const clients = new WeakMap<Socket, Endpoint>()
  /** Connections that HTTP has not seen yet, and the number of the sweep before which they came. */
  const waiting = new Map<Socket, number>()
  /** What those have sent that began with a header's first byte. */
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
    for (const listener of serve) listener.call(server, socket)
    // HTTP listens by now, and gets these bytes as it gets all that follow; no detour over the
    // stream's buffer.
    if (head.length > 0) socket.emit('data', head)
  }
  function onEnd(this: Socket): void {
    if (waiting.has(this)) this.end() // nothing was sent, or a header without its end, which is void
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
    // All but the first of these stay: to take them off would cost each connection more than they
    // do.
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
 * What a connection has sent that may become a header; bytes are joined only when there are enough
 * of them.
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

  /** All bytes so far, or undefined while there are fewer than wanted. */
  join(chunk: Buffer): Buffer | undefined {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    return this.#length < this.#wanted ? undefined : Buffer.concat(this.#chunks)
  }
}

function onError(): void {} // 'close' follows and tells
