import type { FlowHash } from './flow-hash.js'

/**
 * XOR of all 16-bit halves of the tuple: deliberately weak, to teach with. One client that steps
 * its source port by M lands on one and the same next hop of M, and swapping source and destination
 * changes nothing.
 */
export const xor: FlowHash = (sourceAddress, destinationAddress, sourcePort, destinationPort, protocol, seed) => {
  const addresses = sourceAddress ^ destinationAddress
  return ((addresses >>> 16) ^ (addresses & 0xffff) ^ sourcePort ^ destinationPort ^ protocol ^ seed) >>> 0
}
