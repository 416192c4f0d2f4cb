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
import { LaneCarrier } from './cable-carrier.js'
import { LanePort } from './member-link-output.js'

export interface LbPortEvents {
  /** The carrier of the whole cable has come or gone. */
  onCarrier(isUp: boolean): void
  /** A lane can take packets that it could not take before. */
  onLaneFree(lane: number): void
  /** A lane's cable has come out. */
  onLaneOut(lane: number, reason: string): void
}

/** How cables are dialled from here; the rest is the switch's, and in the port's own configuration. */
export type LbIdentity = Pick<DialOptions, 'localAddress' | 'key' | 'name' | 'switchPort'>

/** A port of an LB, towards one switch: it has one lane for each line card of that switch. */
export class LbPort {
  readonly lanes: readonly CablePort[]
  /** Where the forwarder puts packets; without lanes nothing stands between it and the cable. */
  readonly output: PacketOutput
  readonly #cable: LbCableConfig
  readonly #identity: LbIdentity
  readonly #events: LbPortEvents
  readonly #clock: Clock
  /** undefined: there is but one lane */
  readonly #lanePort: LanePort | undefined
  readonly #carrier: LaneCarrier
  readonly #timer: DeadlineTimer
  #diallers: CableDialler[] = []

  constructor(cable: LbCableConfig, identity: LbIdentity, events: LbPortEvents, clock: Clock) {
    const count = cable.lanes ?? 1
    this.#cable = cable
    this.#identity = identity
    this.#events = events
    this.#clock = clock
    this.lanes = Array.from({ length: count }, () => new CablePort())
    this.#lanePort = count === 1 ? undefined : new LanePort(this.lanes)
    this.output = this.#lanePort ?? this.lanes[0]!
    this.#carrier = new LaneCarrier(count)
    this.#timer = new DeadlineTimer(clock, () => {
      if (this.#carrier.onTimeout(clock.now())) events.onCarrier(true)
      return this.#carrier.deadline()
    })
  }

  /** Selection of a member link; undefined if there is but one. */
  get memberLinks(): MemberLinks | undefined {
    return this.#lanePort
  }

  /** True while the cable has carrier. */
  get isUp(): boolean {
    return this.#carrier.isUp
  }

  /**
   * Plugs in a cable for each lane. What comes in by one is handed to `onPackets`, which puts it out by `other`: there it
   * leaves by the lane of the same number.
   */
  plugIn(other: LbPort, onPackets: PacketRunHandler): void {
    this.#diallers = this.lanes.map((own, lane) => this.#plugInLane(lane, own, other, onPackets))
  }

  unplug(): void {
    for (const dialler of this.#diallers) dialler.close()
    this.#timer.close()
  }

  #plugInLane(lane: number, own: CablePort, otherPort: LbPort, onPackets: PacketRunHandler): CableDialler {
    const other = otherPort.lanes[lane]!
    const { address, port, peer } = this.#cable
    return dialCable({
      ...this.#identity,
      address,
      port: port + lane,
      peerName: peer,
      handlers: {
        onUp: (cable) => {
          own.plug(cable)
          this.#setLane(lane, true)
        },
        onPackets: (b, start, end) => {
          this.#lanePort?.select(lane)
          otherPort.#lanePort?.select(lane)
          // What follows from one read leaves at once: nothing else of this turn could join it, and its buffer is free again.
          own.hold()
          other.hold()
          onPackets(b, start, end)
          other.release()
          own.release()
          if (other.blocked) own.cable?.pause()
        },
        onUnblocked: () => {
          other.cable?.resume()
          this.#events.onLaneFree(lane)
        },
        isBufferFree: () => other.idle,
        onDown: (cable, reason) => {
          if (!own.unplug(cable)) return
          this.#events.onLaneOut(lane, reason)
          this.#setLane(lane, false)
          other.cable?.resume()
        },
      },
    })
  }

  #setLane(lane: number, up: boolean): void {
    this.#events.onLaneFree(lane)
    if (this.#carrier.setLane(lane, up, this.#clock.now())) this.#events.onCarrier(this.#carrier.isUp)
    this.#timer.arm(this.#carrier.deadline())
  }
}
