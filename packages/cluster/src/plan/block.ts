import assert from 'node:assert/strict'
import { type Prefix, parsePrefix } from '@fivetuple/packet'

/**
 * Parses the block of a cluster: a /16 of 127.0.0.0/8, except the first, with 127.0.0.1 and the
 * resolver, and the last, with the broadcast address.
 */
export function parseBlock(text: string): Prefix | undefined {
  const prefix = parsePrefix(text)
  if (prefix?.length !== 16 || prefix.address >>> 24 !== 127) return undefined
  const second = (prefix.address >>> 16) & 255
  return second >= 1 && second <= 254 ? prefix : undefined
}

/** Parses a block that was checked before. */
export function assertBlock(text: string): Prefix {
  const block = parseBlock(text)
  assert(block, `${text} is no /16 from 127.1.0.0/16 to 127.254.0.0/16`)
  return block
}
