import { murmur3 } from '@fivetuple/packet'
import type { PolicyFlow } from './policy.js'

const TWO_32 = 2 ** 32

/**
 * What a policy throws dice with: a number in [0, 1) from the flow and its number, so that the same question has the same
 * answer. A flow number is not used twice, so neither is a throw.
 * @param nth which throw of this flow
 */
export function chance({ clientAddress, clientPort }: PolicyFlow, flowNumber: number, nth: number): number {
  return murmur3(clientAddress, flowNumber, clientPort, 0, 0, nth) / TWO_32
}
