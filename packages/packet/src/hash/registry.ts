import { crc32 } from './crc32.js'
import type { FlowHash } from './flow-hash.js'
import { murmur3 } from './murmur3.js'
import { xor } from './xor.js'

/** The flow hashes that a configuration can name. */
export const FLOW_HASHES = { murmur3, crc32, xor } as const satisfies Record<string, FlowHash>

export type FlowHashName = keyof typeof FLOW_HASHES

/** Names of all flow hashes, in the order of the registry. */
export const FLOW_HASH_NAMES = Object.keys(FLOW_HASHES) as readonly FlowHashName[]
