import { type Prefix, readU16, writeU16 } from '@fivetuple/packet'
import { ErrorCode, HEADER_BYTES, MESSAGE_MAX_BYTES, MessageType, UpdateSubcode } from './constants.js'
import { type Decoded, decoded, undecodable } from './errors.js'
import { encodeMessage } from './message.js'
import { nlriBytes, readNlri, writeNlri } from './nlri.js'
import { decodeAttributes, encodeAttributes, type PathAttributes } from './path-attributes.js'

/** An UPDATE message (RFC 4271 §4.3) as it takes effect. */
export interface Update {
  readonly withdrawn: readonly Prefix[]
  readonly announced: readonly Prefix[]
  /** Attributes of all announced prefixes; undefined when there are none. */
  readonly attributes: PathAttributes | undefined
  /** Why announced routes were taken as withdrawn, when they were (RFC 7606 §2). */
  readonly fault: string | undefined
}

/** Decodes the body of an UPDATE. */
export function decodeUpdate(body: Uint8Array, fourOctetAs: boolean): Decoded<Update> {
  const malformed = (why: string) => undecodable(ErrorCode.UPDATE_MESSAGE, UpdateSubcode.MALFORMED_ATTRIBUTE_LIST, why)
  const badNlri = () =>
    undecodable(ErrorCode.UPDATE_MESSAGE, UpdateSubcode.INVALID_NETWORK_FIELD, 'a prefix is no IPv4 prefix')
  const withdrawnEnd = 2 + readU16(body, 0)
  if (withdrawnEnd + 2 > body.length) return malformed('the withdrawn routes are longer than the message')
  const attributesStart = withdrawnEnd + 2
  const attributesEnd = attributesStart + readU16(body, withdrawnEnd)
  if (attributesEnd > body.length) return malformed('the attributes are longer than the message')
  const withdrawn = readNlri(body, 2, withdrawnEnd)
  const announced = readNlri(body, attributesEnd, body.length)
  if (withdrawn === undefined || announced === undefined) return badNlri()
  if (announced.length === 0) return decoded({ withdrawn, announced, attributes: undefined, fault: undefined })
  const received = decodeAttributes(body, attributesStart, attributesEnd, fourOctetAs)
  if (!received.ok) return received
  if (received.value.kind === 'treat-as-withdraw')
    return decoded({
      withdrawn: [...withdrawn, ...announced],
      announced: [],
      attributes: undefined,
      fault: received.value.why,
    })
  return decoded({ withdrawn, announced, attributes: received.value.attributes, fault: undefined })
}

/** UPDATE messages that withdraw these prefixes, as few as the message size allows. */
export function encodeWithdrawals(prefixes: readonly Prefix[]): Uint8Array[] {
  return inBatches(prefixes, MESSAGE_MAX_BYTES - HEADER_BYTES - 4).map((batch) => {
    const nlri = encodePrefixes(batch)
    const body = new Uint8Array(2 + nlri.length + 2)
    writeU16(body, 0, nlri.length)
    body.set(nlri, 2)
    return encodeMessage(MessageType.UPDATE, body)
  })
}

/** UPDATE messages that announce these prefixes with the same attributes. */
export function encodeAnnouncements(
  prefixes: readonly Prefix[],
  attributes: PathAttributes,
  fourOctetAs: boolean,
): Uint8Array[] {
  const encoded = encodeAttributes(attributes, fourOctetAs)
  return inBatches(prefixes, MESSAGE_MAX_BYTES - HEADER_BYTES - 4 - encoded.length).map((batch) => {
    const nlri = encodePrefixes(batch)
    const body = new Uint8Array(4 + encoded.length + nlri.length)
    writeU16(body, 2, encoded.length)
    body.set(encoded, 4)
    body.set(nlri, 4 + encoded.length)
    return encodeMessage(MessageType.UPDATE, body)
  })
}

/** The End-of-RIB marker of IPv4 unicast (RFC 4724 §2): an UPDATE that says nothing. */
export function encodeEndOfRib(): Uint8Array {
  return encodeMessage(MessageType.UPDATE, new Uint8Array(4))
}

function inBatches(prefixes: readonly Prefix[], maxBytes: number): Prefix[][] {
  const batches: Prefix[][] = []
  let room = 0
  for (const prefix of prefixes) {
    const bytes = nlriBytes(prefix)
    if (bytes > room) {
      batches.push([])
      room = maxBytes
    }
    batches[batches.length - 1]!.push(prefix)
    room -= bytes
  }
  return batches
}

function encodePrefixes(prefixes: readonly Prefix[]): Uint8Array {
  const b = new Uint8Array(prefixes.reduce((sum, prefix) => sum + nlriBytes(prefix), 0))
  let o = 0
  for (const prefix of prefixes) o = writeNlri(b, o, prefix)
  return b
}
