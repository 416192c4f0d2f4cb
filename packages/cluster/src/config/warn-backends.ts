import type { ClusterConfig } from './cluster-config.js'
import type { Report } from './config-error.js'
import type { ClusterDocument } from './schema.js'

/** Warns of backends that no VIP uses. */
export function warnOfBackends({ backends, vips }: ClusterConfig, document: ClusterDocument, warn: Report): void {
  const used = new Set(vips.flatMap((vip) => vip.backends))
  const unused = backends.filter(({ name }) => !used.has(name))
  if (Array.isArray(document.backends)) {
    for (const { name } of unused)
      warn(
        ['backends', backends.findIndex((backend) => backend.name === name)],
        `'${name}' is used by no VIP`,
        'add it to the backends of a VIP, or remove it',
      )
  } else if (unused.length > 0)
    warn(
      ['backends'],
      `is ${backends.length}, and no VIP uses ${unused.map(({ name }) => name).join(', ')}`,
      'add them to the backends of a VIP, or start fewer',
    )
}
