import {
  type CableIdentity,
  cableProof,
  decodeHello,
  encodeHello,
  HELLO_BYTES,
  MAGIC,
  PROOF_BYTES,
  proofsEqual,
} from './cable-hello.js'

/** State of a handshake after received bytes. */
export type HandshakeStep =
  | { readonly kind: 'more' }
  /** Both ends have proved themselves; `rest` is the offset in the chunk where packets begin. */
  | { readonly kind: 'up'; readonly peer: CableIdentity; readonly rest: number }
  | { readonly kind: 'failed'; readonly reason: string }

export interface HandshakeOptions {
  readonly side: 'dialler' | 'listener'
  readonly key: Uint8Array
  /** 16 fresh random bytes. */
  readonly nonce: Uint8Array
  /** Own identity. The listener responds with the port number of the dialler. */
  readonly name: string
  /** Port that the dialler plugs into; a listener ignores it. */
  readonly port?: number
  /** Decides by the peer's hello if it may plug in; a string is the reason of a refusal. */
  readonly admit: (peer: CableIdentity) => string | undefined
  readonly send: (b: Uint8Array) => void
}

/** One end of the opening exchange of a cable. Buffers at most hello and proof. */
export class CableHandshake {
  readonly #options: HandshakeOptions
  readonly #inbox = new Uint8Array(HELLO_BYTES + PROOF_BYTES)
  #received = 0
  #ownHello: Uint8Array | undefined
  #peerHello: Uint8Array | undefined
  #peer: CableIdentity | undefined

  constructor(options: HandshakeOptions) {
    this.#options = options
    if (options.side === 'dialler') {
      this.#ownHello = encodeHello({ name: options.name, port: options.port ?? 0 }, options.nonce)
      options.send(this.#ownHello)
    }
  }

  /** Takes received bytes. Must not be called after 'up' or 'failed'. */
  receive(chunk: Uint8Array, start: number, end: number): HandshakeStep {
    let o = start
    if (this.#peer === undefined) {
      o = this.#fill(chunk, o, end, HELLO_BYTES)
      if (this.#received < HELLO_BYTES) return this.#looksWrong() ?? { kind: 'more' }
      const refused = this.#takeHello()
      if (refused !== undefined) return { kind: 'failed', reason: refused }
    }
    o = this.#fill(chunk, o, end, HELLO_BYTES + PROOF_BYTES)
    if (this.#received < HELLO_BYTES + PROOF_BYTES) return { kind: 'more' }
    return this.#takeProof(o)
  }

  #fill(chunk: Uint8Array, start: number, end: number, upTo: number): number {
    const take = Math.min(upTo - this.#received, end - start)
    this.#inbox.set(chunk.subarray(start, start + take), this.#received)
    this.#received += take
    return start + take
  }

  /** Refuses bytes that do not begin like a hello, before a whole hello has arrived. */
  #looksWrong(): HandshakeStep | undefined {
    for (let i = 0; i < Math.min(this.#received, MAGIC.length); i++)
      if (this.#inbox[i] !== MAGIC[i]) return { kind: 'failed', reason: 'not a cable hello' }
    return undefined
  }

  #takeHello(): string | undefined {
    const { side, key, name, nonce, admit, send } = this.#options
    const hello = this.#inbox.slice(0, HELLO_BYTES)
    const peer = decodeHello(hello)
    if (peer === undefined) return 'not a cable hello'
    const refused = admit(peer)
    if (refused !== undefined) return refused
    this.#peer = peer
    this.#peerHello = hello
    if (side === 'listener') {
      this.#ownHello = encodeHello({ name, port: peer.port }, nonce)
      send(this.#ownHello)
      send(cableProof(key, 'listener', hello, this.#ownHello))
    }
    return undefined
  }

  #takeProof(rest: number): HandshakeStep {
    const { side, key, send } = this.#options
    const own = this.#ownHello!
    const peerHello = this.#peerHello!
    const dialler = side === 'dialler' ? own : peerHello
    const listener = side === 'dialler' ? peerHello : own
    const proof = this.#inbox.subarray(HELLO_BYTES)
    if (!proofsEqual(proof, cableProof(key, side === 'dialler' ? 'listener' : 'dialler', dialler, listener)))
      return { kind: 'failed', reason: 'the other end does not know the cluster key' }
    if (side === 'dialler') send(cableProof(key, 'dialler', dialler, listener))
    return { kind: 'up', peer: this.#peer!, rest }
  }
}
