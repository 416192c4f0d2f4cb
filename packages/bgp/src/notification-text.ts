import { CeaseSubcode, ErrorCode } from './constants.js'
import type { Notification } from './notification.js'

/** NOTIFICATION codes and their subcodes, by their names in RFC 4271 §4.5 and its companions. */
const NAMES: Readonly<Record<number, readonly [code: string, subcodes: Readonly<Record<number, string>>]>> = {
  1: ['message header error', { 1: 'connection not synchronized', 2: 'bad message length', 3: 'bad message type' }],
  2: [
    'OPEN message error',
    {
      1: 'unsupported version number',
      2: 'bad peer AS',
      3: 'bad BGP identifier',
      4: 'unsupported optional parameter',
      6: 'unacceptable hold time',
      7: 'unsupported capability', // RFC 5492 §5
      11: 'role mismatch', // RFC 9234 §5
    },
  ],
  3: [
    'UPDATE message error',
    {
      1: 'malformed attribute list',
      2: 'unrecognized well-known attribute',
      3: 'missing well-known attribute',
      4: 'attribute flags error',
      5: 'attribute length error',
      6: 'invalid ORIGIN attribute',
      8: 'invalid NEXT_HOP attribute',
      9: 'optional attribute error',
      10: 'invalid network field',
      11: 'malformed AS_PATH',
    },
  ],
  4: ['hold timer expired', {}],
  // RFC 6608
  5: [
    'finite state machine error',
    {
      1: 'unexpected message in OpenSent',
      2: 'unexpected message in OpenConfirm',
      3: 'unexpected message in Established',
    },
  ],
  // RFC 4486, RFC 8538 §4, RFC 9384
  6: [
    'Cease',
    {
      1: 'maximum number of prefixes reached',
      2: 'administrative shutdown',
      3: 'peer de-configured',
      4: 'administrative reset',
      5: 'connection rejected',
      6: 'other configuration change',
      7: 'connection collision resolution',
      8: 'out of resources',
      9: 'hard reset',
      10: 'BFD down',
    },
  ],
  7: ['ROUTE-REFRESH message error', { 1: 'invalid message length' }], // RFC 7313 §5
  8: ['send hold timer expired', {}], // RFC 9687
}

/**
 * Formats the codes of a NOTIFICATION in words.
 * @example formatNotification(6, 2) // 'Cease, administrative shutdown (6/2)'
 */
export function formatNotification(code: number, subcode: number): string {
  const [name, subcodes] = NAMES[code] ?? ['unknown error', {}]
  const detail = subcodes[subcode]
  return `${name}${detail === undefined ? '' : `, ${detail}`} (${code}/${subcode})`
}

/**
 * Returns the text in a NOTIFICATION's data: a shutdown communication (RFC 9003) or a prefix limit
 * (RFC 4486 §4); undefined if there is none.
 */
export function notificationDetail({ code, subcode, data }: Notification): string | undefined {
  if (code !== ErrorCode.CEASE || data.length === 0) return undefined
  if (subcode === CeaseSubcode.ADMINISTRATIVE_SHUTDOWN || subcode === CeaseSubcode.ADMINISTRATIVE_RESET)
    return shutdownCommunication(data)
  if (subcode === CeaseSubcode.MAX_PREFIXES && data.length >= 7)
    return `the limit is ${new DataView(data.buffer, data.byteOffset).getUint32(3)}`
  return undefined
}

/**
 * RFC 9003 §2: one byte of length, then UTF-8 text. §4: control characters are not passed on to a
 * terminal or a log.
 */
function shutdownCommunication(data: Uint8Array): string | undefined {
  const length = data[0]!
  if (length === 0) return undefined
  if (length > data.length - 1) return 'its text is longer than the message'
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(data.subarray(1, 1 + length))
    return `"${text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim()}"`
  } catch {
    return 'its text is not UTF-8'
  }
}
