import { type BfdInput, BfdSession, type BfdState, type PathVerdict } from '@fivetuple/bfd'
import type { Clock, DatagramSocket } from '@fivetuple/runtime'
import type { BfdSessionStatus } from '../schemas.js'
import type { BfdFilter, BfdPeer } from './bfd-peer.js'
import { type BfdSessionRecord, bfdSessionStatus } from './bfd-session-status.js'
import { MULTIHOP_PORT, openSender, SINGLE_HOP_PORT } from './bfd-sockets.js'

/**
 * Datagrams of one session that are handled per turn of the event loop. A peer that keeps to the
 * intervals sends one per turn; after a pause of this process, those of a detection time wait.
 */
const DATAGRAMS_PER_TURN_MAX = 32

export interface BoundSessionEvents {
  readonly onState: (peer: string, state: BfdState, reason: string) => void
  readonly onPath: (peer: string, path: PathVerdict, reason: string) => void
  readonly onDemandRefused: (peer: string) => void
  /** The machine's deadline may have changed. */
  readonly onDeadline: (deadline: number) => void
}

export interface BoundSessionOptions {
  readonly localAddress: string
  readonly localDiscriminator: number
  readonly clock: Clock
  readonly random: () => number
  readonly filter: BfdFilter | undefined
}

/** A session machine, and the socket that it sends from. */
export class BoundSession {
  readonly peer: BfdPeer
  readonly machine: BfdSession
  readonly #options: BoundSessionOptions
  readonly #events: BoundSessionEvents
  readonly #record: BfdSessionRecord
  #socket: DatagramSocket | undefined
  #isClosed = false
  #handledInTurn = 0
  #polling = false

  constructor(peer: BfdPeer, options: BoundSessionOptions, events: BoundSessionEvents) {
    const { intervalMs, multiplier, authentication } = peer
    const { localDiscriminator, clock, random } = options
    const now = clock.now()
    this.peer = peer
    this.#options = options
    this.#events = events
    this.#record = { stateSince: now, lastDown: undefined, overBudget: 0, sendErrors: 0 }
    this.machine = new BfdSession(
      {
        localDiscriminator,
        desiredMinTxMs: intervalMs,
        requiredMinRxMs: intervalMs,
        detectMultiplier: multiplier,
        random,
        ...(authentication && { authentication: { ...authentication, key: Buffer.from(authentication.key, 'hex') } }),
      },
      now,
    )
    if (peer.linkUp === false) this.machine.handle({ type: 'carrier', isUp: false }, now)
  }

  /** Opens the socket, and begins to send. Rejects if no source port can be bound. */
  async start(): Promise<void> {
    const { localAddress, random } = this.#options
    const socket = await openSender(localAddress, random, () => {
      this.#record.sendErrors++
    })
    if (this.#isClosed) await socket.close()
    else this.#socket = socket
    this.#events.onDeadline(this.machine.deadline())
  }

  /** Passes an input to the machine and carries out its outputs. */
  input(input: BfdInput): void {
    this.machine.handle(input, this.#options.clock.now())
    this.#poll()
    this.#events.onDeadline(this.machine.deadline())
  }

  /** Takes a datagram of the peer. */
  receive(datagram: Uint8Array): void {
    if (this.#handledInTurn >= DATAGRAMS_PER_TURN_MAX) {
      this.#record.overBudget++
      return
    }
    this.#handledInTurn++
    const { filter } = this.#options
    if (filter === undefined) this.#receive(datagram)
    else filter(this.peer.name, 'in', datagram, this.#receive)
  }

  /** Begins a new turn, in which as many datagrams may be handled again. */
  nextTurn(): void {
    this.#handledInTurn = 0
  }

  status(): BfdSessionStatus {
    return bfdSessionStatus(this.peer, this.machine.status(), this.#record, this.#options.clock.now())
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#socket?.close()
  }

  readonly #receive = (datagram: Uint8Array): void => {
    if (!this.#isClosed) this.input({ type: 'packet', bytes: datagram })
  }

  readonly #send = (datagram: Uint8Array): void => {
    const { address, multihop } = this.peer
    if (!this.#isClosed) this.#socket?.sendTo(datagram, address, multihop ? MULTIHOP_PORT : SINGLE_HOP_PORT)
  }

  #poll(): void {
    if (this.#polling) return // an owner that handles one output may cause the next
    this.#polling = true
    const { name } = this.peer
    const { filter, clock } = this.#options
    try {
      for (let output = this.machine.poll(); output !== undefined; output = this.machine.poll())
        switch (output.type) {
          case 'send':
            if (filter === undefined) this.#send(output.bytes)
            else filter(name, 'out', output.bytes, this.#send)
            break
          case 'state':
            this.#record.stateSince = clock.now()
            this.#events.onState(name, output.state, output.reason)
            break
          case 'path':
            if (output.path === 'failed') this.#record.lastDown = { reason: output.reason, at: clock.now() }
            this.#events.onPath(name, output.path, output.reason)
            break
          case 'demand-refused':
            this.#events.onDemandRefused(name)
        }
    } finally {
      this.#polling = false
    }
  }
}
