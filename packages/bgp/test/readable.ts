import { type Announcement, asPathLength, type Update } from '@fivetuple/bgp'
import { formatIpv4, formatPrefix } from '@fivetuple/packet'

/** An UPDATE as the vectors write it; paths must be one sequence. */
export function readable({ withdrawn, announced, fault }: Update): object {
  return { withdrawn: withdrawn.map(formatPrefix), announced: announced.map(readableAnnouncement), fault }
}

function readableAnnouncement({ prefixes, attributes }: Announcement): object {
  const asPath = attributes.asPath.flatMap(({ asns }) => asns)
  if (asPathLength(attributes.asPath) !== asPath.length) throw new Error('a set in the path')
  return { ...attributes, prefixes: prefixes.map(formatPrefix), asPath, nextHop: formatIpv4(attributes.nextHop) }
}
