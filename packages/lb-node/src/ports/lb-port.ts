import type { PacketOutput, PacketRunHandler } from '@fivetuple/packet'
import {
  type CableDialler,
  CablePort,
  type Clock,
  DeadlineTimer,
  type DialOptions,
  dialCable,
} from '@fivetuple/runtime'
import type { LbCableConfig } from '../config.js'
import type { MemberLinks } from '../data-plane/member-links.js'
import { CableCarrier } from './cable-carrier.js'
import { MemberLinkOutput } from './member-link-output.js'

export interface LbPortEvents {
  /** The carrier of the whole cable has been found or lost. */
  onCarrier(isUp: boolean): void
  /** A member link accepts packets again. */
  onMemberLinkFree(memberLink: number): void
  /** A member link has gone down. */
  onMemberLinkDown(memberLink: number, reason: string): void
}

/** This LB's part of what it dials cables with; the rest is in the configuration of the port. */
export type LbIdentity = Pick<DialOptions, 'localAddress' | 'key' | 'name' | 'switchPort'>

/**
 * A port of an LB, towards one switch: it has one member link for each line card of that switch.
 */
export class LbPort {
  /** Member links of the cable, by number. */
  readonly links: readonly CablePort[]
  /** Output for the forwarder; a cable of one link is written to directly. */
  readonly output: PacketOutput
  readonly #cable: LbCableConfig
  readonly #identity: LbIdentity
  readonly #events: LbPortEvents
  readonly #clock: Clock
  /** undefined: the cable has one link. */
  readonly #memberLinkOutput: MemberLinkOutput | undefined
  readonly #carrier: CableCarrier
  readonly #timer: DeadlineTimer
  #diallers: CableDialler[] = []

  constructor(cable: LbCableConfig, identity: LbIdentity, events: LbPortEvents, clock: Clock) {
    const count = cable.memberLinks ?? 1
    this.#cable = cable
    this.#identity = identity
    this.#events = events
    this.#clock = clock
    this.links = Array.from({ length: count }, () => new CablePort())
    this.#memberLinkOutput = count === 1 ? undefined : new MemberLinkOutput(this.links)
    this.output = this.#memberLinkOutput ?? this.links[0]!
    this.#carrier = new CableCarrier(count)
    this.#timer = new DeadlineTimer(clock, () => {
      if (this.#carrier.onTimeout(clock.now())) events.onCarrier(true)
      return this.#carrier.deadline()
    })
  }

  /** Selection of a member link; undefined if there is but one. */
  get memberLinks(): MemberLinks | undefined {
    return this.#memberLinkOutput
  }

  /** True while the cable has carrier. */
  get isUp(): boolean {
    return this.#carrier.isUp
  }

  /**
   * Dials all member links. `onPackets` gets the packets that are received and writes them to
   * `other`, where they leave by the member link of the same number.
   */
  plugIn(other: LbPort, onPackets: PacketRunHandler): void {
    this.#diallers = this.links.map((own, memberLink) => this.#plugInMemberLink(memberLink, own, other, onPackets))
  }

  unplug(): void {
    for (const dialler of this.#diallers) dialler.close()
    this.#timer.close()
  }

  #plugInMemberLink(memberLink: number, own: CablePort, otherPort: LbPort, onPackets: PacketRunHandler): CableDialler {
    const other = otherPort.links[memberLink]!
    const { address, port, peer } = this.#cable
    return dialCable({
      ...this.#identity,
      address,
      port: port + memberLink,
      peerName: peer,
      handlers: {
        onUp: (cable) => {
          own.plug(cable)
          this.#setMemberLink(memberLink, true)
        },
        onPackets: (b, start, end) => {
          this.#memberLinkOutput?.select(memberLink)
          otherPort.#memberLinkOutput?.select(memberLink)
          // The packets of one read are sent at once: no other packet of this turn could join them,
          // and their buffer is free again.
          own.cork()
          other.cork()
          onPackets(b, start, end)
          other.uncork()
          own.uncork()
          if (other.blocked) own.cable?.pause()
        },
        onUnblocked: () => {
          other.cable?.resume()
          this.#events.onMemberLinkFree(memberLink)
        },
        isBufferFree: () => other.idle,
        onDown: (cable, reason) => {
          if (!own.unplug(cable)) return
          this.#events.onMemberLinkDown(memberLink, reason)
          this.#setMemberLink(memberLink, false)
          other.cable?.resume()
        },
      },
    })
  }

  #setMemberLink(memberLink: number, up: boolean): void {
    this.#events.onMemberLinkFree(memberLink)
    if (this.#carrier.setMemberLink(memberLink, up, this.#clock.now())) this.#events.onCarrier(this.#carrier.isUp)
    this.#timer.arm(this.#carrier.deadline())
  }
}
