import type { Prefix } from '@fivetuple/packet'

/** Returns a key that is unique per prefix, exact in a double. */
export function prefixKey({ address, length }: Prefix): number {
  return address * 64 + length
}
