import type { Socket } from 'node:net'
import type { BgpPeer, ConnectionSide, PeerInput, PeerOutput } from '@fivetuple/bgp'
import type { Clock } from '@fivetuple/runtime'
import { type Connection, type ConnectionHandlers, type Dial, type DialTarget, socketConnection } from './connection.js'

/** Time for the last messages and the close of a connection that this end has ended, ms. */
const LINGER_MS = 1_000
/**
 * Most closing connections at once; beyond it the oldest are closed. Any process may dial from a
 * neighbour's loopback address.
 */
const LINGERING_MAX = 16

export interface BoundPeerEvents {
  /** Outputs that are not about connections. */
  readonly onOutput: (output: PeerOutput) => void
  /** The machine's deadline may have changed. */
  readonly onDeadline: (deadline: number) => void
}

/** A peer machine and its TCP connections: at most one per side, and those that are closing. */
export class BoundPeer {
  readonly machine: BgpPeer
  readonly #target: DialTarget
  readonly #dialConnection: Dial
  readonly #clock: Clock
  readonly #events: BoundPeerEvents
  readonly #sockets = new Map<ConnectionSide, Connection>()
  /** Connections that this end has ended: they only send their last messages. */
  readonly #closing = new Set<Connection>()
  readonly #lingerTimers = new WeakMap<Connection, NodeJS.Timeout>()
  #draining = false
  #onEmpty: (() => void) | undefined

  constructor(machine: BgpPeer, target: DialTarget, dial: Dial, clock: Clock, events: BoundPeerEvents) {
    this.machine = machine
    this.#target = target
    this.#dialConnection = dial
    this.#clock = clock
    this.#events = events
  }

  /** Passes inputs to the machine and carries out its outputs. */
  input(input: PeerInput): void {
    this.machine.handle(input, this.#clock.now())
    this.#drain()
    this.#events.onDeadline(this.machine.deadline())
  }

  /**
   * Accepts a connection that the neighbour has dialled.
   * @returns the reason for a refusal, after which the caller closes it; undefined: it is accepted
   */
  accept(socket: Socket): string | undefined {
    const refusal = this.machine.connectionRefusal
    if (refusal !== undefined) return refusal
    const older = this.#sockets.get('accepted')
    if (older !== undefined) {
      this.#sockets.delete('accepted')
      older.destroy()
      this.input({ type: 'transport-lost', side: 'accepted', reason: 'replaced by a newer connection' })
    }
    this.#bind('accepted', (handlers) => socketConnection(socket, this.#target, handlers))
    this.input({ type: 'connected', side: 'accepted' })
    return undefined
  }

  /**
   * Resolves when no connection is left, which {@link LINGER_MS} bounds once the machine has been
   * stopped.
   */
  async closed(): Promise<void> {
    if (this.#sockets.size + this.#closing.size === 0) return
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
  }

  #drain(): void {
    if (this.#draining) return
    this.#draining = true
    try {
      for (let output = this.machine.poll(); output !== undefined; output = this.machine.poll()) this.#carryOut(output)
    } finally {
      this.#draining = false
    }
  }

  #carryOut(output: PeerOutput): void {
    switch (output.type) {
      case 'connect':
        this.#dial()
        return
      case 'disconnect':
        this.#disconnect(output.side)
        return
      case 'send': {
        const socket = this.#sockets.get(output.side)
        if (socket === undefined || socket.isDestroyed) return
        if (!socket.write(output.bytes)) this.input({ type: 'blocked', side: output.side })
        return
      }
      default:
        this.#events.onOutput(output)
    }
  }

  #dial(): void {
    this.#bind('dialled', (handlers) => this.#dialConnection(this.#target, handlers))
  }

  #bind(side: ConnectionSide, open: (handlers: ConnectionHandlers) => Connection): void {
    const isCurrent = () => this.#sockets.get(side) === connection
    const connection: Connection = open({
      onConnect: () => {
        if (isCurrent()) this.input({ type: 'connected', side })
      },
      onBytes: (bytes) => {
        if (isCurrent()) this.input({ type: 'bytes', side, bytes })
      },
      onDrain: () => {
        if (isCurrent()) this.input({ type: 'unblocked', side })
      },
      onClose: (reason) => {
        this.#closing.delete(connection)
        clearTimeout(this.#lingerTimers.get(connection))
        if (isCurrent()) {
          this.#sockets.delete(side)
          this.input({ type: 'transport-lost', side, reason })
        }
        if (this.#sockets.size + this.#closing.size === 0) this.#onEmpty?.()
      },
    })
    this.#sockets.set(side, connection)
  }

  /** Closes a connection once its last message, perhaps a NOTIFICATION, has been sent. */
  #disconnect(side: ConnectionSide): void {
    const socket = this.#sockets.get(side)
    this.#sockets.delete(side)
    if (socket === undefined || socket.isDestroyed) return
    this.#closing.add(socket)
    if (socket.isConnecting) {
      socket.destroy()
      return
    }
    // Reading goes on so that closing does not become a reset that overtakes the NOTIFICATION.
    this.#lingerTimers.set(
      socket,
      setTimeout(() => socket.destroy(), LINGER_MS),
    )
    socket.end()
    const [oldest] = this.#closing
    if (this.#closing.size <= LINGERING_MAX || oldest === undefined) return
    this.#closing.delete(oldest)
    oldest.destroy()
  }
}
