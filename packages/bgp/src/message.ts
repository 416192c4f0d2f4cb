import { readU16, writeU16 } from '@fivetuple/packet'
import { ErrorCode, HEADER_BYTES, HeaderSubcode, MARKER_BYTES, MESSAGE_MAX_BYTES, MessageType } from './constants.js'
import { type Decoded, decoded, undecodable } from './errors.js'

/** Smallest length of each message type (RFC 4271 §4.2 to §4.5, RFC 2918 §3). */
const MIN_BYTES: Readonly<Record<number, number>> = {
  [MessageType.OPEN]: 29,
  [MessageType.UPDATE]: 23,
  [MessageType.NOTIFICATION]: 21,
  [MessageType.KEEPALIVE]: 19,
  [MessageType.ROUTE_REFRESH]: 23,
}

/** Frame of a message: type and body. */
export interface Frame {
  readonly type: number
  /** Bytes behind the header. A view into the framer's bytes, valid until the next push. */
  readonly body: Uint8Array
}

/** Encodes a message: header (RFC 4271 §4.1) and body. */
export function encodeMessage(type: number, body: Uint8Array): Uint8Array {
  const b = new Uint8Array(HEADER_BYTES + body.length)
  b.fill(0xff, 0, MARKER_BYTES)
  writeU16(b, 16, b.length)
  b[18] = type
  b.set(body, HEADER_BYTES)
  return b
}

/** Encodes a KEEPALIVE, which is only a header. */
export function encodeKeepalive(): Uint8Array {
  return encodeMessage(MessageType.KEEPALIVE, new Uint8Array(0))
}

/**
 * Splits a byte stream into messages. It holds at most one incomplete message of
 * {@link MESSAGE_MAX_BYTES}.
 */
export class MessageFramer {
  #held: Uint8Array = new Uint8Array(0)

  /** Bytes held of an incomplete message. */
  get pendingBytes(): number {
    return this.#held.length
  }

  /**
   * Takes the next bytes and calls `onFrame` for each message that they complete, as long as it
   * returns true.
   * @returns an error if the stream is not a sequence of BGP messages: nothing more can be read
   * from it
   */
  push(chunk: Uint8Array, onFrame: (frame: Frame) => boolean): Decoded<undefined> {
    // A plain Uint8Array, since Buffer's slice does not copy.
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)
    const b = this.#held.length === 0 ? bytes : concat(this.#held, bytes)
    let o = 0
    while (b.length - o >= HEADER_BYTES) {
      const length = checkHeader(b, o)
      if (!length.ok) return length
      if (b.length - o < length.value) break
      const end = o + length.value
      if (!onFrame({ type: b[o + 18]!, body: b.subarray(o + HEADER_BYTES, end) })) return decoded(undefined)
      o = end
    }
    this.#held = b.slice(o)
    return decoded(undefined)
  }
}

/** RFC 4271 §6.1. */
function checkHeader(b: Uint8Array, o: number): Decoded<number> {
  for (let i = 0; i < MARKER_BYTES; i++)
    if (b[o + i] !== 0xff)
      return undecodable(ErrorCode.MESSAGE_HEADER, HeaderSubcode.NOT_SYNCHRONIZED, 'the marker is not all ones')
  const length = readU16(b, o + 16)
  const type = b[o + 18]!
  const lengthField = b.slice(o + 16, o + 18)
  if (length < HEADER_BYTES || length > MESSAGE_MAX_BYTES)
    return undecodable(ErrorCode.MESSAGE_HEADER, HeaderSubcode.BAD_LENGTH, `length ${length}`, lengthField)
  const min = MIN_BYTES[type]
  if (min === undefined)
    return undecodable(
      ErrorCode.MESSAGE_HEADER,
      HeaderSubcode.BAD_TYPE,
      `message type ${type}`,
      b.slice(o + 18, o + 19),
    )
  if (length < min || (type === MessageType.KEEPALIVE && length !== min))
    return undecodable(
      ErrorCode.MESSAGE_HEADER,
      HeaderSubcode.BAD_LENGTH,
      `length ${length} of type ${type}`,
      lengthField,
    )
  return decoded(length)
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}
