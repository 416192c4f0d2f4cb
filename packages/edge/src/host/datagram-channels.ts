import {
  type FiveTuple,
  ipv4HeaderLength,
  ipv4Source,
  ipv4TotalLength,
  isUdpHeaderWhole,
  UDP_HEADER_BYTES,
  udpDestinationPort,
  udpLength,
  udpSourcePort,
} from '@fivetuple/packet'
import type { FabricErrorCode } from './fabric-error-code.js'

/** Address and port of the other end. */
export interface FabricTarget {
  readonly address: number
  readonly port: number
}

export interface DatagramOptions extends FabricTarget {
  /** A datagram from the target; the bytes are the receiver's own. */
  readonly onMessage: (payload: Uint8Array) => void
  /**
   * An ICMP error about a datagram that was sent: the target's port is closed, the target is
   * unreachable, this port is in use at the far edge, or a limit has refused it.
   */
  readonly onUnreachable: (code: FabricErrorCode) => void
}

/** A source port bound for datagrams to and from one target. */
export interface DatagramChannel {
  /**
   * Returns false if the datagram was dropped: the queue is full, there is no carrier, or the
   * channel is closed.
   */
  send(payload: Uint8Array): boolean
  /** Closes the channel and frees its port. */
  close(): void
}

/** Surroundings of {@link DatagramChannels}, from their host. */
export interface DatagramChannelsOptions {
  /** Sends a datagram; returns false if it was dropped. */
  readonly send: (localPort: number, target: FabricTarget, payload: Uint8Array) => boolean
  /** Called when a source port is free again. */
  readonly onReleased: (localPort: number) => void
}

/** The datagram channels of a host, by source port. */
export class DatagramChannels {
  readonly #options: DatagramChannelsOptions
  readonly #channels = new Map<number, DatagramOptions>()
  /** Datagrams that were not whole. */
  malformed = 0

  constructor(options: DatagramChannelsOptions) {
    this.#options = options
  }

  /** Opens a channel on a source port that is free. */
  open(localPort: number, options: DatagramOptions): DatagramChannel {
    this.#channels.set(localPort, options)
    return {
      send: (payload) => this.#channels.get(localPort) === options && this.#options.send(localPort, options, payload),
      close: () => {
        if (this.#channels.get(localPort) !== options) return
        this.#channels.delete(localPort)
        this.#options.onReleased(localPort)
      },
    }
  }

  /** A UDP packet to one of the host's ports. Its IP header has been checked. */
  receive(b: Uint8Array, start: number, end: number): void {
    const udp = start + ipv4HeaderLength(b, start)
    if (!isUdpHeaderWhole(b, udp, Math.min(end, start + ipv4TotalLength(b, start)))) {
      this.malformed++
      return
    }
    const channel = this.#channels.get(udpDestinationPort(b, udp))
    // As with a connected socket, datagrams of others than the target are dropped.
    if (channel?.address !== ipv4Source(b, start) || channel.port !== udpSourcePort(b, udp)) return
    channel.onMessage(b.slice(udp + UDP_HEADER_BYTES, udp + udpLength(b, udp)))
  }

  /** An ICMP error about a datagram that a channel has sent. */
  unreachable({ sourcePort, destinationAddress, destinationPort }: FiveTuple, code: FabricErrorCode): void {
    const channel = this.#channels.get(sourcePort)
    if (channel?.address === destinationAddress && channel.port === destinationPort) channel.onUnreachable(code)
  }

  closeAll(): void {
    for (const port of this.#channels.keys()) this.#options.onReleased(port)
    this.#channels.clear()
  }
}
