/** What all endpoints of one owner have in common. Times in ms, sizes in bytes. */
export interface TcpOptions {
  /** Receive window: the most that is delivered and not consumed, or waits for a gap to close. 2 KiB to 1 GiB. */
  readonly windowBytes: number
  /** The send buffer is full from here on (it takes what it is given all the same), and writable again below half. */
  readonly sendBufferBytes: number
  /** Largest payload we take, as announced in the MSS option. */
  readonly mss: number
  /** Longest time an ACK is held back for data to carry it (RFC 9293 §3.8.6.3: under 500). */
  readonly delayedAckMs: number
  readonly rtoInitialMs: number
  readonly rtoMinMs: number
  readonly rtoMaxMs: number
  /** The connection ends when nothing has been acknowledged for this long (R2 of RFC 9293 §3.8.3). */
  readonly giveUpMs: number
  /** Silence after which the peer is probed; Infinity: never. */
  readonly keepAliveMs: number
  readonly keepAliveIntervalMs: number
  /** Probes without an answer that end the connection. */
  readonly keepAliveProbes: number
  readonly timeWaitMs: number
}

const DEFAULTS: TcpOptions = {
  windowBytes: 256 * 1024,
  sendBufferBytes: 256 * 1024,
  mss: 65_535 - 40, // jumbo packets: the IPv4 limit less both headers
  delayedAckMs: 40,
  rtoInitialMs: 500,
  rtoMinMs: 200,
  rtoMaxMs: 5_000,
  giveUpMs: 10_000,
  keepAliveMs: 5_000,
  keepAliveIntervalMs: 1_000,
  keepAliveProbes: 3,
  timeWaitMs: 500,
}

/** Completes options with the defaults for a fabric on one machine. */
export function tcpOptions(overrides: Partial<TcpOptions> = {}): TcpOptions {
  return Object.freeze({ ...DEFAULTS, ...overrides })
}
