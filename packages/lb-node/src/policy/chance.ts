import { murmur3 } from '@fivetuple/packet'
import type { PolicyFlow } from './policy.js'

const TWO_32 = 2 ** 32

/**
 * Pseudo-random number of a policy, in [0, 1). It depends on the flow and its number alone, so that
 * the same input has the same result. A flow number is not used twice, so neither is a random
 * number.
 * @param nth index of the random number for this flow
 */
export function chance({ clientAddress, clientPort }: PolicyFlow, flowNumber: number, nth: number): number {
  return murmur3(clientAddress, flowNumber, clientPort, 0, 0, nth) / TWO_32
}
