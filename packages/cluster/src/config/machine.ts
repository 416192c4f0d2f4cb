import { readFileSync } from 'node:fs'
import { descriptorLimit } from '@fivetuple/runtime'
import { warnOfDescriptors } from './warn-descriptors.js'
import { type BoundPort, readBoundPorts, warnOfSourcePorts } from './warn-source-ports.js'
import type { WarningRule } from './warnings.js'

/** Tables of the TCP and UDP sockets in this network namespace. */
const TABLES = ['tcp', 'tcp6', 'udp', 'udp6'] as const

/** Warnings that depend on the limits of this machine. */
export function limitRules(): readonly WarningRule[] {
  return [warnOfDescriptors(descriptorLimit())]
}

/** Warnings that depend on other programs of this machine. */
export function usageRules(): readonly WarningRule[] {
  return [warnOfSourcePorts(boundPorts())]
}

/** Returns the ports that are bound on all addresses; none if the system has no such tables. */
function boundPorts(): BoundPort[] {
  return TABLES.flatMap((table) => {
    try {
      return readBoundPorts(readFileSync(`/proc/net/${table}`, 'latin1'), table.startsWith('tcp') ? 'tcp' : 'udp')
    } catch {
      return []
    }
  })
}
