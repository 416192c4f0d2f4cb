import type { Fault, Scope } from '@fivetuple/faults'

/** Faults for one or both links of an LB, as a person gives them. */
export interface LinkRequest {
  readonly lb: string
  readonly side: 'uplink' | 'downlink' | 'both'
  /** undefined: both. */
  readonly directions?: readonly ('in' | 'out')[] | undefined
  /** undefined: all traffic. */
  readonly scope?: Scope | undefined
  /** At least one; each is valid. */
  readonly faults: readonly Fault[]
}

/** Returns the reason why the faults can't be injected together; undefined: they can. */
export function conflictOf({ faults, directions, scope }: Omit<LinkRequest, 'lb' | 'side'>): string | undefined {
  const carrier = faults.find(({ kind }) => kind === 'link-down' || kind === 'flap')
  if (carrier === undefined || (faults.length === 1 && directions === undefined && scope === undefined))
    return undefined
  return `${carrier.kind} takes the carrier from the whole link: inject it by itself, without directions and scope`
}
