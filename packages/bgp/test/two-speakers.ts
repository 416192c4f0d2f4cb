import { strict as assert } from 'node:assert'
import { BgpPeer, type ConnectionSide, type PeerConfig, type PeerOutput, type Update } from '@fivetuple/bgp'
import { ManualClock } from '@fivetuple/testkit'

const OTHER_SIDE = { dialled: 'accepted', accepted: 'dialled' } as const
const LATENCY_MS = 1

/** A connection as both ends see it. */
interface Connection {
  readonly dialler: Speaker
  up: boolean
  closed: boolean
}

/** One of two speakers: its machine, its connections, and the outputs of its machine. */
export class Speaker {
  readonly name: string
  readonly machine: BgpPeer
  readonly connections = new Map<ConnectionSide, Connection>()
  readonly updates: Update[] = []
  readonly states: string[] = []
  readonly downs: string[] = []
  readonly sent: number[] = []
  establishedCount = 0
  dials = 0

  constructor(name: string, machine: BgpPeer) {
    this.name = name
    this.machine = machine
  }
}

/** Two neighbours with a network between them, on one virtual clock. */
export class TwoSpeakers {
  readonly clock = new ManualClock()
  readonly a: Speaker
  readonly b: Speaker
  /** True while nothing is delivered and neither end is notified. */
  blackHole = false
  /** Connections are refused. */
  refuse = false

  constructor(a: Partial<PeerConfig> = {}, b: Partial<PeerConfig> = {}) {
    const common = { holdTime: 9, passive: false, accepts: true, linkUp: true, retryFirstMs: 250, retryMaxMs: 5_000 }
    const as = { a: 65_001, b: 4_200_000_002 }
    // Each its own jitter, so that they don't keep step; any fixed numbers do.
    const fraction = (value: number) => () => value
    this.a = new Speaker(
      'a',
      new BgpPeer({
        ...common,
        localAs: as.a,
        peerAs: as.b,
        routerId: 0x0a00_0001,
        nextHop: 0x0a00_0001,
        random: fraction(0.2),
        ...a,
      }),
    )
    this.b = new Speaker(
      'b',
      new BgpPeer({
        ...common,
        localAs: as.b,
        peerAs: as.a,
        routerId: 0x0a00_0002,
        nextHop: 0x0a00_0002,
        random: fraction(0.9),
        ...b,
      }),
    )
  }

  get both(): readonly [Speaker, Speaker] {
    return [this.a, this.b]
  }

  start(): this {
    for (const speaker of this.both) this.input(speaker, { type: 'start' })
    return this
  }

  input(speaker: Speaker, input: Parameters<BgpPeer['handle']>[0]): void {
    speaker.machine.handle(input, this.clock.now)
    for (let output = speaker.machine.poll(); output !== undefined; output = speaker.machine.poll())
      this.#onOutput(speaker, output)
  }

  /** Lets time pass, with all that happens in it. */
  run(ms: number): this {
    const end = this.clock.now + ms
    for (;;) {
      const next = Math.min(this.clock.nextAt, ...this.both.map(({ machine }) => machine.deadline()))
      if (next > end) break
      this.clock.runUntil(Math.max(next, this.clock.now))
      for (const speaker of this.both)
        if (speaker.machine.deadline() <= this.clock.now) this.input(speaker, { type: 'timeout' })
    }
    this.clock.runUntil(end)
    return this
  }

  /** Breaks the connections that there are. */
  breakConnections(): void {
    for (const speaker of this.both)
      for (const [side, connection] of speaker.connections) {
        speaker.connections.delete(side)
        connection.closed = true
        this.input(speaker, { type: 'transport-lost', side, reason: 'reset' })
      }
  }

  /** Both are established, over the two ends of one connection. */
  assertEstablished(): void {
    for (const { name, machine } of this.both) assert.equal(machine.state, 'established', name)
    const [a, b] = this.both.map(({ connections }) => [...connections.values()].filter(({ up }) => up))
    assert.equal(a!.length, 1)
    assert.deepEqual(a, b)
  }

  #other(speaker: Speaker): Speaker {
    return speaker === this.a ? this.b : this.a
  }

  #onOutput(speaker: Speaker, output: PeerOutput): void {
    const peer = this.#other(speaker)
    switch (output.type) {
      case 'connect':
        speaker.dials++
        this.#dial(speaker)
        return
      case 'disconnect': {
        const connection = speaker.connections.get(output.side)
        speaker.connections.delete(output.side)
        if (connection === undefined) return
        this.#deliver(() => {
          connection.closed = true
          if (peer.connections.get(OTHER_SIDE[output.side]) !== connection) return
          peer.connections.delete(OTHER_SIDE[output.side])
          this.input(peer, { type: 'transport-lost', side: OTHER_SIDE[output.side], reason: 'closed' })
        })
        return
      }
      case 'send': {
        const { side, bytes } = output
        const connection = speaker.connections.get(side)
        speaker.sent.push(bytes[18]!)
        this.#deliver(() => {
          if (connection === undefined || connection.closed) return
          if (peer.connections.get(OTHER_SIDE[side]) === connection)
            this.input(peer, { type: 'bytes', side: OTHER_SIDE[side], bytes })
        })
        return
      }
      case 'established':
        speaker.establishedCount++
        return
      case 'update':
        speaker.updates.push(output.update)
        return
      case 'down':
        speaker.downs.push(output.reason)
        return
      case 'state':
        speaker.states.push(output.state)
    }
  }

  #dial(dialler: Speaker): void {
    const connection: Connection = { dialler, up: false, closed: false }
    dialler.connections.set('dialled', connection)
    const listener = this.#other(dialler)
    this.#deliver(() => {
      if (dialler.connections.get('dialled') !== connection) return
      if (this.refuse || listener.machine.connectionRefusal !== undefined || listener.connections.has('accepted')) {
        dialler.connections.delete('dialled')
        this.input(dialler, { type: 'transport-lost', side: 'dialled', reason: 'refused' })
        return
      }
      connection.up = true
      listener.connections.set('accepted', connection)
      this.input(listener, { type: 'connected', side: 'accepted' })
      this.input(dialler, { type: 'connected', side: 'dialled' })
    })
  }

  #deliver(run: () => void): void {
    if (this.blackHole) return
    this.clock.schedule(this.clock.now + LATENCY_MS, () => {
      if (!this.blackHole) run()
    })
  }
}
