import { strict as assert } from 'node:assert'
import type { AcceptanceState } from './acceptance.js'
import { BareReset } from './bare-reset.js'
import { ChallengeBudget } from './challenge-budget.js'
import { TcpEvent } from './events.js'
import { KeepAlive } from './keep-alive.js'
import type { TcpOptions } from './options.js'
import { Receiver } from './receiver.js'
import { Sender } from './sender.js'
import { seqDiff } from './sequence.js'
import { NO_TRANSITION, TcpInput, TcpState, TRANSITIONS } from './state.js'

const NEVER = Number.POSITIVE_INFINITY

/**
 * Transmission control block (RFC 9293 §3.3.1): the variables of one connection that its concerns
 * share: control segments (`control.ts`), arrival (`arrival.ts`), output (`output.ts`) and liveness
 * (`liveness.ts`).
 */
export class Tcb implements AcceptanceState {
  readonly options: TcpOptions
  readonly localPort: number
  readonly remotePort: number
  readonly sender: Sender
  readonly receiver: Receiver
  readonly keepAlive: KeepAlive

  /** Changed by {@link move} alone. */
  state: TcpState = TcpState.CLOSED
  /** Bits of {@link TcpEvent} that the owner has not taken. */
  events = 0
  /** True while an incoming SYN waits until the owner accepts or refuses it. */
  isDeferred = false

  // Segments without data that are pending. A pending ACK is the receiver's `ackNow`.
  synPending = false
  rstPending = false
  probePending = false
  bareReset: BareReset | undefined
  /** True if the pending ACK responds to a keep-alive probe and to nothing else. */
  respondsToProbe = false

  /** True if an ICMP error has been received since the peer last acknowledged new data. */
  isUnreachable = false
  /** End of TIME-WAIT, or latest time at which the owner may accept a SYN, ms. */
  overAt = NEVER
  #challenges: ChallengeBudget | undefined

  constructor(options: TcpOptions, localPort: number, remotePort: number, iss: number) {
    this.options = options
    this.localPort = localPort
    this.remotePort = remotePort
    this.sender = new Sender(options, iss)
    this.receiver = new Receiver(options)
    this.keepAlive = new KeepAlive(options)
  }

  get receiveWindow(): number {
    return this.receiver.window
  }

  get inFlight(): number {
    return seqDiff(this.sender.next, this.sender.una)
  }

  get largestSendWindow(): number {
    return this.sender.largestWindow
  }

  /**
   * Follows the state diagram (RFC 9293 figure 5). An input that is impossible in the state is our
   * own bug.
   */
  move(input: TcpInput): void {
    const next = TRANSITIONS[this.state]![input]!
    if (next === NO_TRANSITION) assert.fail(`TCP input ${input} in state ${this.state}`)
    this.state = next as TcpState
  }

  /** Requests a challenge ACK, at a limited rate (RFC 5961 §7). */
  challenge(now: number): void {
    this.#challenges ??= new ChallengeBudget()
    if (this.#challenges.take(now)) this.receiver.ackNow = true
  }

  /** Requests a RST without ACK, of number `sequence`. */
  sendBareReset(sequence: number): void {
    this.bareReset ??= new BareReset()
    this.bareReset.send(sequence)
  }

  /**
   * Closes the connection at once and reports `events`. A pending RST is still written, and
   * delivered bytes can still be read.
   */
  die(events: number): void {
    this.move(TcpInput.ABORT)
    this.events |= events | TcpEvent.CLOSED
    this.sender.stop()
    this.receiver.stop()
    this.synPending = false
    this.probePending = false
    this.bareReset = undefined
    this.keepAlive.stop()
    this.overAt = NEVER
  }
}
