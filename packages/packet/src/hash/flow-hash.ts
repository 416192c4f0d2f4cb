/**
 * Hashes a five-tuple to 32 unsigned bits. Pure, allocation-free, one call per packet.
 *
 * @param seed 32 bits; two switches with different seeds spread the same flows differently
 */
export type FlowHash = (
  sourceAddress: number,
  destinationAddress: number,
  sourcePort: number,
  destinationPort: number,
  protocol: number,
  seed: number,
) => number
