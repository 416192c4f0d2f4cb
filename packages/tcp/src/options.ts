import { strict as assert } from 'node:assert'
import { CONGESTION_CONTROLS, type CongestionControlName } from './congestion/congestion-controls.js'

/** Options of all endpoints of one owner. Times in ms, sizes in bytes. */
export interface TcpOptions {
  /**
   * Receive window: limit of the bytes that are delivered and not consumed, or wait for a gap to
   * close. 16 bytes to 1 GiB.
   */
  readonly windowBytes: number
  /**
   * Size at which the send buffer counts as full. It takes more all the same, and is writable again
   * below half.
   */
  readonly sendBufferBytes: number
  /** Largest payload that is received, as announced in the MSS option, and sent. 1 to 65,495. */
  readonly mss: number
  /** True if SACK is offered and used (RFC 2018), and with it RACK-TLP (RFC 8985). */
  readonly sack: boolean
  /** Congestion control: CUBIC (RFC 9438) or NewReno (RFC 5681). */
  readonly congestionControl: CongestionControlName
  /** Longest delay of an ACK that waits for data to carry it (RFC 9293 §3.8.6.3: under 500). */
  readonly delayedAckMs: number
  readonly rtoInitialMs: number
  readonly rtoMinMs: number
  readonly rtoMaxMs: number
  /**
   * User timeout (RFC 5482, R2 of RFC 9293 §3.8.3): the connection ends if nothing has been
   * acknowledged for this long.
   */
  readonly userTimeoutMs: number
  /** Silence after which the peer is probed; Infinity: never. */
  readonly keepAliveMs: number
  /**
   * The same while one side has sent its FIN and the other has not. It is longer than a NAT on the
   * path keeps such a connection. Then the session of a peer that never closes ends there, and the
   * probe detects that. Infinity: never.
   */
  readonly halfClosedKeepAliveMs: number
  readonly keepAliveIntervalMs: number
  /** Number of probes without response that end the connection. */
  readonly keepAliveProbes: number
  readonly timeWaitMs: number
  /**
   * Called when a chunk passed to `send` has been acknowledged to its end: its memory may be used
   * again. Not called for chunks that are left when a connection ends.
   */
  readonly onAcknowledged?: (chunk: Uint8Array) => void
}

const DEFAULTS: TcpOptions = {
  windowBytes: 256 * 1024,
  sendBufferBytes: 256 * 1024,
  mss: 65_535 - 40, // jumbo packets: the IPv4 limit less both headers
  sack: true,
  congestionControl: 'cubic',
  delayedAckMs: 40,
  rtoInitialMs: 500,
  rtoMinMs: 200,
  rtoMaxMs: 5_000,
  userTimeoutMs: 10_000,
  keepAliveMs: 5_000,
  halfClosedKeepAliveMs: 5_000,
  keepAliveIntervalMs: 1_000,
  keepAliveProbes: 3,
  timeWaitMs: 500,
}

const WINDOW_MIN_BYTES = 16
/**
 * RFC 7323 §2.3: a window must stay below half the sequence space, which a shift of 14 makes sure
 * of.
 */
const WINDOW_MAX_BYTES = 2 ** 30

/**
 * Completes options with the defaults for a fabric on one machine. Throws an AssertionError on
 * values out of range.
 */
export function tcpOptions(overrides: Partial<TcpOptions> = {}): TcpOptions {
  const options = { ...DEFAULTS, ...overrides }
  const { windowBytes, mss, sendBufferBytes, rtoInitialMs, rtoMinMs, rtoMaxMs, delayedAckMs } = options
  assert(windowBytes >= WINDOW_MIN_BYTES && windowBytes < WINDOW_MAX_BYTES, `windowBytes ${windowBytes}`)
  assert(mss >= 1 && mss <= DEFAULTS.mss, `mss ${mss}`)
  assert(sendBufferBytes >= 1, `sendBufferBytes ${sendBufferBytes}`)
  assert(rtoMinMs > 0 && rtoMinMs <= rtoMaxMs && rtoInitialMs > 0 && rtoInitialMs <= rtoMaxMs, 'rto')
  assert(
    Object.hasOwn(CONGESTION_CONTROLS, options.congestionControl),
    `congestionControl ${options.congestionControl}`,
  )
  assert(delayedAckMs >= 0 && delayedAckMs < rtoMinMs, `delayedAckMs ${delayedAckMs}`)
  return Object.freeze(options)
}
