import type { FlowHash } from './flow-hash.js'

/**
 * XOR of all 16-bit halves of the tuple: deliberately weak, for teaching. If a client increments
 * its source port by M, all its flows go to the same one of M next hops, and swapping source and
 * destination changes nothing.
 */
export const xor: FlowHash = (sourceAddress, destinationAddress, sourcePort, destinationPort, protocol, seed) => {
  const addresses = sourceAddress ^ destinationAddress
  return ((addresses >>> 16) ^ (addresses & 0xffff) ^ sourcePort ^ destinationPort ^ protocol ^ seed) >>> 0
}
