import { formatIpv4, type Ipv4Address, parseIpv4 } from '@fivetuple/packet'
import {
  type Clock,
  type DatagramOperation,
  DatagramSocket,
  DeadlineTimer,
  explainListenError,
  type Logger,
} from '@fivetuple/runtime'
import { decodeAdvertisement } from '@fivetuple/vrrp'
import { AdvertisementSeal } from '../redundancy/advertisement-seal.js'
import type { RedundancyConfig } from '../redundancy/config.js'
import { Election, type Participation } from '../redundancy/election.js'
import type { ElectionStatus, RedundancyStatus, RefusalCause } from '../redundancy/status.js'
import type { VipPlacement } from '../vip-placement.js'

/**
 * Shortest validity of a stamp, ms: on a busy machine a datagram may be queued for so long before
 * it is read.
 */
const FRESH_MIN_MS = 1_000
/**
 * Validity of a stamp in advertisement intervals. An older one comes from an Active router that
 * would have been declared down meanwhile.
 */
const FRESH_INTERVALS = 3

export interface RedundancyOptions {
  readonly config: RedundancyConfig
  /** The LB's router address, dotted quad. */
  readonly localAddress: string
  /** Known to all LBs of the cluster, and to nobody else. */
  readonly clusterKey: Uint8Array
  readonly placement: Pick<VipPlacement, 'isWanted' | 'inhibitorsOf' | 'inhibit'>
  readonly clock: Clock
  readonly log: Logger
  /** The election of a VIP has taken a turn. */
  readonly onChange?: (election: ElectionStatus) => void
}

/**
 * Sees to it that one LB at a time carries a VIP: it holds a VIP back as `standby` unless it has
 * won the VIP's election. It takes part in an election while the uplink has a carrier, an operator
 * wants the VIP here, and nothing else holds it back.
 *
 * VRRP with a transport of its own: no multicast and no IP protocol 112, which need privileges, but
 * a UDP datagram from router address to router address for each peer, with a proof of the cluster
 * key.
 */
export class Redundancy {
  readonly #options: RedundancyOptions
  readonly #socket: DatagramSocket
  readonly #timer: DeadlineTimer
  readonly #seal: AdvertisementSeal
  readonly #peers: readonly Ipv4Address[]
  /** By VRID. */
  readonly #elections = new Map<number, Election>()
  readonly #refused = new Map<RefusalCause, number>()
  #hasLink = false
  #phase: 'new' | 'started' | 'stopped' = 'new'
  #isDueScheduled = false
  #sent = 0
  #received = 0
  /**
   * Called with the errno code of the failure, or undefined, when the socket has been bound or
   * could not be.
   */
  #onBound: ((code: string | undefined) => void) | undefined

  constructor(options: RedundancyOptions) {
    const { config, clock, placement } = options
    const localAddress = parseIpv4(options.localAddress)!
    this.#options = options
    this.#socket = new DatagramSocket(
      { address: options.localAddress, port: config.port },
      {
        onOpen: () => this.#onBound?.(undefined),
        onMessage: (datagram, address, port) => this.#receive(datagram, address, port),
        onError: (code, operation) => this.#onSocketError(code, operation),
      },
    )
    this.#peers = config.peers.map(({ address }) => parseIpv4(address)!)
    this.#seal = new AdvertisementSeal({
      key: options.clusterKey,
      localAddress,
      freshMs: Math.max(FRESH_MIN_MS, FRESH_INTERVALS * config.adverIntervalMs),
      stamp: process.hrtime.bigint,
    })
    this.#timer = new DeadlineTimer(clock, () => {
      this.#scheduleDue()
      return Number.POSITIVE_INFINITY
    })
    const { priority, adverIntervalMs, preempt } = config
    for (const { vrid, address } of config.vips) {
      const vip = parseIpv4(address)!
      const election = new Election(vip, { vrid, localAddress, priority, adverIntervalMs, preempt }, clock, {
        onSend: (message) => this.#send(message),
        onState: (election, reason) => this.#onState(election, reason),
      })
      this.#elections.set(vrid, election)
      placement.inhibit(vip, 'standby', true)
    }
  }

  /** Binds the router address. Rejects with an error that names it and what to do about it. */
  async start(): Promise<void> {
    const { config, localAddress } = this.#options
    const code = await new Promise<string | undefined>((resolve) => {
      this.#onBound = resolve
      this.#socket.open()
    })
    if (code !== undefined) {
      const error = { code, message: `bind ${code}` }
      throw new Error(explainListenError(error, localAddress, config.port))
    }
    this.#phase = 'started'
    this.refresh()
  }

  /** Hands all VIPs over to the peers by advertisements of priority 0, and closes. */
  async stop(): Promise<void> {
    if (this.#phase === 'started') {
      this.#phase = 'stopped'
      this.refresh()
    }
    this.#phase = 'stopped'
    this.#timer.close()
    await this.#socket.close()
  }

  /**
   * Says whether the uplink cable has a carrier. Without one, advertisements neither go nor come.
   */
  setLink(isUp: boolean): void {
    this.#hasLink = isUp
    this.refresh()
  }

  /** To be called whenever what the placement wants or holds back has changed. */
  refresh(): void {
    for (const election of this.#elections.values()) election.take(this.#participation(election.vip))
    this.#arm()
  }

  status(): RedundancyStatus {
    return {
      priority: this.#options.config.priority,
      elections: [...this.#elections.values()].map(electionStatus),
      sent: this.#sent,
      received: this.#received,
      refused: Object.fromEntries(this.#refused),
    }
  }

  #participation(vip: Ipv4Address): Participation {
    const { placement } = this.#options
    if (!this.#hasLink || this.#phase === 'new') return 'is-cut-off'
    const isFit = placement.isWanted(vip) && placement.inhibitorsOf(vip).every((reason) => reason === 'standby')
    return isFit && this.#phase === 'started' ? 'takes-part' : 'withdraws'
  }

  #onState(election: Election, reason: string): void {
    const { placement, log, onChange } = this.#options
    const status = electionStatus(election)
    log.info({ vip: status.address, state: status.state, reason }, 'VRRP')
    placement.inhibit(election.vip, 'standby', election.state !== 'active')
    onChange?.(status)
  }

  #send(message: Uint8Array): void {
    const { port } = this.#options.config
    this.#seal.seal(message, this.#peers).forEach((datagram, i) => {
      this.#sent++
      this.#socket.sendTo(datagram, formatIpv4(this.#peers[i]!), port)
    })
  }

  #onSocketError(code: string, operation: DatagramOperation): void {
    if (operation === 'bind') this.#onBound?.(code)
    else if (operation === 'send') this.#sent--
    if (this.#phase === 'started') this.#options.log.warn({ operation, code }, 'advertisements')
  }

  #receive(datagram: Uint8Array, address: string, port: number): void {
    if (!this.#hasLink || this.#phase !== 'started') return
    const sender = parseIpv4(address)!
    if (port !== this.#options.config.port || !this.#peers.includes(sender)) {
      this.#refuse('stranger', address)
      return
    }
    const opened = this.#seal.open(datagram, sender)
    if (!opened.ok) {
      this.#refuse(opened.fault, address)
      return
    }
    const decoded = decodeAdvertisement(opened.message)
    if (!decoded.ok) {
      this.#refuse(decoded.fault, address)
      return
    }
    const election = this.#elections.get(decoded.value.vrid)
    if (election === undefined) {
      this.#refuse('unknown-vrid', address)
      return
    }
    this.#received++
    election.input({ type: 'advertisement', from: sender, advertisement: decoded.value })
    this.#arm()
  }

  /** Counted; the first of each kind is worth a line, and no stranger can make more of it. */
  #refuse(cause: RefusalCause, from: string): void {
    const count = this.#refused.get(cause) ?? 0
    this.#refused.set(cause, count + 1)
    if (count === 0) this.#options.log.warn({ cause, from }, 'advertisement refused; more of the kind are only counted')
  }

  #arm(): void {
    this.#timer.arm(Math.min(...Array.from(this.#elections.values(), ({ deadline }) => deadline)))
  }

  /**
   * Only after the socket has been read: when the process was stopped or busy for long,
   * advertisements have come meanwhile, and the router that they are from is not silent (RFC 9568
   * §2.5 warns of just that).
   */
  #scheduleDue(): void {
    if (this.#isDueScheduled) return
    this.#isDueScheduled = true
    setImmediate(() => {
      this.#isDueScheduled = false
      const now = this.#options.clock.now()
      for (const election of this.#elections.values()) if (election.deadline <= now) election.input({ type: 'timeout' })
      this.#arm()
    })
  }
}

function electionStatus({ vip, vrid, state, activeAddress, sinceMs }: Election): ElectionStatus {
  return {
    address: formatIpv4(vip),
    vrid,
    state,
    activeRouter: activeAddress === undefined ? null : formatIpv4(activeAddress),
    sinceMs,
  }
}
