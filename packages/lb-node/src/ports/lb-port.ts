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
import { eachPacket, PacketTap } from '../link-faults/packet-tap.js'
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
 * Passes a packet through the faults of a direction. `arrive` puts it on when it arrives, perhaps
 * twice, or never.
 */
export type ImpairPacket = (bytes: number, arrive: () => void) => void

/** Handler of what one member link receives. */
interface MemberLinkInput {
  /** Takes the packets of a read. */
  take: PacketRunHandler
  /** The handler without faults. */
  readonly pass: PacketRunHandler
  /** Handles a packet that has arrived later than it was read. */
  readonly arrive: (packet: Uint8Array) => void
}

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
  #inputs: MemberLinkInput[] = []
  /** Outputs before the cables while packets are impaired. */
  #taps: readonly PacketTap[] = []
  #impairInput: ImpairPacket | undefined

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

  /**
   * Passes all packets that are sent through `impair`; undefined: they go straight to the cable
   * again. Packets that were sent before are on the cable.
   */
  impairOutput(impair: ImpairPacket | undefined): void {
    this.#taps =
      impair === undefined
        ? []
        : this.links.map(
            (link) => new PacketTap(link, (packet) => impair(packet.length, () => link.writePastDiversion(packet))),
          )
    for (const [i, link] of this.links.entries()) link.divert(this.#taps[i])
  }

  /** True if packets were sent in this turn that {@link impairOutput} has not been passed yet. */
  get hasPacketsToImpair(): boolean {
    return this.#taps.some((tap) => !tap.isEmpty)
  }

  /** Passes these packets on now. */
  flushImpaired(): void {
    for (const tap of this.#taps) tap.flush()
  }

  /** Passes all packets that are received through `impair`; undefined: they are handled at once. */
  impairInput(impair: ImpairPacket | undefined): void {
    this.#impairInput = impair
    for (const input of this.#inputs) input.take = takeOf(input, impair)
  }

  #plugInMemberLink(memberLink: number, own: CablePort, otherPort: LbPort, onPackets: PacketRunHandler): CableDialler {
    const other = otherPort.links[memberLink]!
    const { address, port, peer } = this.#cable
    const input: MemberLinkInput = {
      take: onPackets,
      pass: onPackets,
      arrive: (packet) => {
        this.#memberLinkOutput?.select(memberLink)
        otherPort.#memberLinkOutput?.select(memberLink)
        onPackets(packet, 0, packet.length)
        if (other.blocked) own.cable?.pause()
      },
    }
    input.take = takeOf(input, this.#impairInput)
    this.#inputs[memberLink] = input
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
          input.take(b, start, end)
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

/** Returns the handler of reads. The forwarder changes packets, so each duplicate is a copy. */
function takeOf({ pass, arrive }: MemberLinkInput, impair: ImpairPacket | undefined): PacketRunHandler {
  if (impair === undefined) return pass
  return (b, start, end) => eachPacket(b, start, end, (packet) => impair(packet.length, () => arrive(packet.slice())))
}
