import { type Prefix, readU16, writeU16 } from '@fivetuple/packet'
import { ErrorCode, HEADER_BYTES, MESSAGE_MAX_BYTES, MessageType, UpdateSubcode } from './constants.js'
import { type Decoded, decoded, undecodable } from './errors.js'
import { encodeMessage } from './message.js'
import { nlriBytes, readNlri, writeNlri } from './nlri.js'
import { encodeAttributes, type PathAttributes } from './path-attributes.js'
import { decodeAttributes, type ReceivedAttributes } from './received-attributes.js'

/** Prefixes that are announced with the same attributes. */
export interface Announcement {
  readonly prefixes: readonly Prefix[]
  readonly attributes: PathAttributes
}

/** UPDATE message (RFC 4271 §4.3) in order of effect: withdrawals first. */
export interface Update {
  readonly withdrawn: readonly Prefix[]
  /** At most two: one from the message's own field and one from MP_REACH_NLRI. */
  readonly announced: readonly Announcement[]
  /** Reason why announced routes count as withdrawn (RFC 7606 §2); undefined if they do not. */
  readonly fault: string | undefined
  /** Withdrawn prefixes that were announced with the fault. */
  readonly faulty?: readonly Prefix[]
}

/** Body bytes of an UPDATE besides prefixes and attributes: two length fields. */
const LENGTH_FIELDS_BYTES = 4
const PREFIXES_MAX_BYTES = MESSAGE_MAX_BYTES - HEADER_BYTES - LENGTH_FIELDS_BYTES

/**
 * Decodes the body of an UPDATE. An error is one that ends the session (RFC 4271 §6.3, RFC 7606).
 */
export function decodeUpdate(body: Uint8Array, fourOctetAs: boolean): Decoded<Update> {
  const malformed = (why: string) => undecodable(ErrorCode.UPDATE_MESSAGE, UpdateSubcode.MALFORMED_ATTRIBUTE_LIST, why)
  if (body.length < LENGTH_FIELDS_BYTES) return malformed('the message is too short')
  const withdrawnEnd = 2 + readU16(body, 0)
  if (withdrawnEnd + 2 > body.length) return malformed('the withdrawn routes are longer than the message')
  const attributesStart = withdrawnEnd + 2
  const attributesEnd = attributesStart + readU16(body, withdrawnEnd)
  if (attributesEnd > body.length) return malformed('the attributes are longer than the message')
  const withdrawn = readNlri(body, 2, withdrawnEnd)
  const prefixes = readNlri(body, attributesEnd, body.length)
  if (withdrawn === undefined || prefixes === undefined)
    return undecodable(ErrorCode.UPDATE_MESSAGE, UpdateSubcode.INVALID_NETWORK_FIELD, 'a prefix is no IPv4 prefix')
  const received = decodeAttributes(body, attributesStart, attributesEnd, fourOctetAs)
  if (!received.ok) return received
  const { reach, unreach, hasReach } = received.value
  const gone = [...withdrawn, ...unreach]
  const fault = received.value.fault ?? missing(received.value, prefixes.length > 0)
  if (fault === undefined)
    return decoded({ withdrawn: gone, announced: announcements(received.value, prefixes), fault })
  // RFC 7606 §5.2: the missing part may be the prefixes that the fault applies to.
  if (prefixes.length === 0 && !hasReach) return malformed(fault)
  const faulty = [...prefixes, ...(reach?.prefixes ?? [])]
  return decoded({ withdrawn: [...gone, ...faulty], announced: [], fault, faulty })
}

/**
 * Returns which mandatory attribute an announcement lacks (RFC 7606 §3 d). NEXT_HOP is required for
 * the message's own prefixes.
 */
function missing({ origin, asPath, nextHop, reach }: ReceivedAttributes, hasPrefixes: boolean): string | undefined {
  if (!hasPrefixes && reach === undefined) return undefined
  if (origin === undefined) return 'ORIGIN is missing'
  if (asPath === undefined) return 'AS_PATH is missing'
  if (hasPrefixes && nextHop === undefined) return 'NEXT_HOP is missing'
  return undefined
}

function announcements(received: ReceivedAttributes, prefixes: readonly Prefix[]): Announcement[] {
  const { origin, asPath, nextHop, med, localPref, communities, reach } = received
  const announced: Announcement[] = []
  const add = (some: readonly Prefix[], hop: number): void => {
    if (some.length === 0) return
    const attributes = { origin: origin!, asPath: asPath!, nextHop: hop, med, localPref, communities }
    announced.push({ prefixes: some, attributes })
  }
  if (reach !== undefined) add(reach.prefixes, reach.nextHop)
  if (nextHop !== undefined) add(prefixes, nextHop)
  return announced
}

/** Encodes UPDATE messages that withdraw these prefixes, as few as the message size allows. */
export function encodeWithdrawals(prefixes: readonly Prefix[]): Uint8Array[] {
  return inBatches(prefixes, PREFIXES_MAX_BYTES).map(({ batch, bytes }) => {
    const body = new Uint8Array(LENGTH_FIELDS_BYTES + bytes)
    writeU16(body, 0, bytes)
    writePrefixes(body, 2, batch)
    return encodeMessage(MessageType.UPDATE, body)
  })
}

/**
 * Encodes UPDATE messages that announce these prefixes with the same attributes, as few as the
 * message size allows.
 */
export function encodeAnnouncements({ prefixes, attributes }: Announcement, fourOctetAs: boolean): Uint8Array[] {
  const encoded = encodeAttributes(attributes, fourOctetAs)
  return inBatches(prefixes, PREFIXES_MAX_BYTES - encoded.length).map(({ batch, bytes }) => {
    const body = new Uint8Array(LENGTH_FIELDS_BYTES + encoded.length + bytes)
    writeU16(body, 2, encoded.length)
    body.set(encoded, LENGTH_FIELDS_BYTES)
    writePrefixes(body, LENGTH_FIELDS_BYTES + encoded.length, batch)
    return encodeMessage(MessageType.UPDATE, body)
  })
}

/** Encodes the End-of-RIB marker of IPv4 unicast (RFC 4724 §2): an empty UPDATE. */
export function encodeEndOfRib(): Uint8Array {
  return encodeMessage(MessageType.UPDATE, new Uint8Array(LENGTH_FIELDS_BYTES))
}

function inBatches(prefixes: readonly Prefix[], maxBytes: number): { batch: Prefix[]; bytes: number }[] {
  const batches: { batch: Prefix[]; bytes: number }[] = []
  let last: { batch: Prefix[]; bytes: number } | undefined
  for (const prefix of prefixes) {
    const bytes = nlriBytes(prefix)
    if (last === undefined || last.bytes + bytes > maxBytes) {
      last = { batch: [], bytes: 0 }
      batches.push(last)
    }
    last.batch.push(prefix)
    last.bytes += bytes
  }
  return batches
}

function writePrefixes(b: Uint8Array, start: number, prefixes: readonly Prefix[]): void {
  let o = start
  for (const prefix of prefixes) o = writeNlri(b, o, prefix)
}
