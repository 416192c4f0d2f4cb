// Two sessions on one virtual clock, joined by a link with a delay and loss per direction.
import {
  type BfdOutput,
  BfdSession,
  type BfdSessionConfig,
  type BfdState,
  type ControlPacket,
  decodeControlPacket,
} from '@fivetuple/bfd'
import { type Random, seededRandom } from '@fivetuple/faults'
import { ManualClock, type Scheduled } from '@fivetuple/testkit'

export const FAST = { desiredMinTxMs: 300, requiredMinRxMs: 300, detectMultiplier: 3 }

/** One end: its session, and everything that it has put out. */
export class End {
  readonly outputs: { readonly at: number; readonly output: BfdOutput }[] = []
  session: BfdSession
  /** True if a datagram that this end has sent is lost. */
  loses: (packet: ControlPacket) => boolean = () => false
  /** True while the process of this end is not scheduled: its datagrams wait. */
  isPaused = false
  readonly waiting: Uint8Array[] = []
  peer: End | undefined
  readonly #clock: ManualClock
  readonly #delayMs: number
  #timer: Scheduled | undefined

  constructor(clock: ManualClock, config: BfdSessionConfig, delayMs: number) {
    this.#clock = clock
    this.#delayMs = delayMs
    this.session = new BfdSession(config, clock.now)
  }

  /** Replaces the session, as a restart of the process does. */
  restart(config: BfdSessionConfig): void {
    this.session = new BfdSession(config, this.#clock.now)
    this.turn()
  }

  handle(input: Parameters<BfdSession['handle']>[0]): void {
    this.session.handle(input, this.#clock.now)
    this.turn()
  }

  turn(): void {
    for (let output = this.session.poll(); output !== undefined; output = this.session.poll()) {
      this.outputs.push({ at: this.#clock.now, output })
      if (output.type === 'send') this.#transmit(output.bytes)
    }
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer)
    this.#timer = undefined
    const deadline = this.session.deadline()
    if (deadline === Number.POSITIVE_INFINITY) return
    this.#timer = this.#clock.schedule(deadline, () => {
      if (!this.isPaused) this.handle({ type: 'timeout' })
    })
  }

  receive(bytes: Uint8Array): void {
    if (this.isPaused) this.waiting.push(bytes)
    else this.handle({ type: 'packet', bytes })
  }

  /** Continues after a pause: `lag` first, then the timers, then the datagrams, as an event loop does. */
  resume(lagMs: number | undefined): void {
    this.isPaused = false
    if (lagMs !== undefined) this.handle({ type: 'lag', lagMs })
    if (this.session.deadline() <= this.#clock.now) this.handle({ type: 'timeout' })
    for (const bytes of this.waiting.splice(0)) this.receive(bytes)
  }

  /** Decoded packets sent at or after a time. */
  sent(since = 0): { readonly at: number; readonly packet: ControlPacket }[] {
    return this.outputs.flatMap(({ at, output }) =>
      output.type === 'send' && at >= since ? [{ at, packet: packetOf(output.bytes) }] : [],
    )
  }

  states(): BfdState[] {
    return this.outputs.flatMap(({ output }) => (output.type === 'state' ? [output.state] : []))
  }

  paths(): string[] {
    return this.outputs.flatMap(({ output }) => (output.type === 'path' ? [output.path] : []))
  }

  #transmit(bytes: Uint8Array): void {
    if (this.loses(packetOf(bytes))) return
    this.#clock.schedule(this.#clock.now + this.#delayMs, () => this.peer?.receive(bytes))
  }
}

export interface Pair {
  readonly clock: ManualClock
  readonly a: End
  readonly b: End
  readonly random: Random
}

/** Two ends that have just been created, before their first packets. */
export function pair(
  a: Partial<BfdSessionConfig> = {},
  b: Partial<BfdSessionConfig> = {},
  seed = 1,
  delayMs = 1,
): Pair {
  const clock = new ManualClock(1_000)
  const random = seededRandom(seed)
  const config = (localDiscriminator: number) => ({ localDiscriminator, ...FAST, random: () => random.next() })
  const ends = {
    a: new End(clock, { ...config(1), ...a }, delayMs),
    b: new End(clock, { ...config(2), ...b }, delayMs),
  }
  ends.a.peer = ends.b
  ends.b.peer = ends.a
  ends.a.turn()
  ends.b.turn()
  return { clock, random, ...ends }
}

/** Two ends that have been Up for five seconds. */
export function pairUp(...options: Parameters<typeof pair>): Pair {
  const ends = pair(...options)
  ends.clock.advance(5_000)
  return ends
}

export function packetOf(bytes: Uint8Array): ControlPacket {
  const decoded = decodeControlPacket(bytes)
  if (!decoded.ok) throw new Error(decoded.fault)
  return decoded.value
}
