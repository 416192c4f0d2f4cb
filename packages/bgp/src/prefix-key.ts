import type { Prefix } from '@fivetuple/packet'

/** A number of its own for each prefix, exact in a double: what tables are keyed by. */
export function prefixKey({ address, length }: Prefix): number {
  return address * 64 + length
}
