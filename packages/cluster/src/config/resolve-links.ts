import { type Checked, checkFault, FAULT_KINDS, type Fault, parseShorthand, type Scope } from '@fivetuple/faults'
import type { LinkFaultsConfig } from './cluster-config.js'

/** Entry of `links:`. It satisfies the schema, whose kinds of faults come from their registry. */
export interface LinkDocument {
  readonly lb: string
  readonly side: LinkFaultsConfig['side']
  readonly direction?: LinkFaultsConfig['direction']
  readonly scope?: Scope
  readonly seed?: number
  /** Kind of fault: shorthand, or its fields. */
  readonly [kind: string]: unknown
}

/** Reads the faults of an entry. Those that are out of their ranges are reported later. */
export function resolveLink(document: LinkDocument): LinkFaultsConfig {
  const { lb, side, direction, scope, seed = null } = document
  const faults = FAULT_KINDS.flatMap(({ kind }) => {
    const value = document[kind]
    return value === undefined || value === false ? [] : [{ kind, fault: faultOf(kind, value) }]
  })
  return { lb, side, direction, scope, seed, faults }
}

function faultOf(kind: string, value: unknown): Checked<Fault> {
  if (typeof value === 'object' && value !== null) return checkFault({ ...value, kind })
  return parseShorthand(kind, value === true ? '' : String(value), '')
}
