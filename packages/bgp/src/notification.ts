import { HEADER_BYTES, MESSAGE_MAX_BYTES, MessageType } from './constants.js'
import { encodeMessage } from './message.js'

/** NOTIFICATION message (RFC 4271 §4.5): the last message of a connection. */
export interface Notification {
  readonly code: number
  readonly subcode: number
  readonly data: Uint8Array
}

/** Encodes a NOTIFICATION. Data that does not fit into a message is truncated. */
export function encodeNotification({ code, subcode, data: whole }: Notification): Uint8Array {
  const data = whole.subarray(0, MESSAGE_MAX_BYTES - HEADER_BYTES - 2)
  const body = new Uint8Array(2 + data.length)
  body[0] = code
  body[1] = subcode
  body.set(data, 2)
  return encodeMessage(MessageType.NOTIFICATION, body)
}

/** Decodes a body of at least two bytes, which the framer has checked. */
export function decodeNotification(body: Uint8Array): Notification {
  return { code: body[0]!, subcode: body[1]!, data: body.slice(2) }
}
