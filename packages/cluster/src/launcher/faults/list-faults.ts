import type { Fault } from '../../operations/fault-schemas.js'
import type { Unreachable } from '../../operations/schemas.js'
import type { LauncherParts } from '../parts.js'
import type { FaultKind, Found, Injected } from './fault-kind.js'
import type { FaultRecord } from './fault-record.js'
import type { FaultRecords } from './fault-records.js'
import type { InjectableFault } from './registry.js'

/** Times that a list is requested again since a fault was injected or cleared meanwhile. */
const LISTS_MAX = 3

/** Any kind of fault. */
export type AnyFaultKind = FaultKind<InjectableFault>

export interface ListRequest {
  readonly kinds: readonly AnyFaultKind[]
  /** Role whose faults are needed; undefined: all. */
  readonly role?: string | undefined
  /** Time of day, ms since 1970. */
  readonly now: number
}

/** Faults that roles have, with their records. */
export interface Listed {
  readonly faults: readonly Fault[]
  /** Records whose fault is gone; they are deleted. */
  readonly vanished: readonly FaultRecord[]
  readonly unreachable: readonly Unreachable[]
}

/** Finds the faults that roles have, and brings the records into agreement with them. */
export async function listFaults(parts: LauncherParts, records: FaultRecords, request: ListRequest): Promise<Listed> {
  const lists = await Promise.all(request.kinds.map((kind) => listKind(parts, records, kind, request)))
  return {
    faults: lists.flatMap(({ faults }) => faults),
    vanished: lists.flatMap(({ vanished }) => vanished),
    unreachable: lists.flatMap(({ unreachable }) => unreachable),
  }
}

async function listKind(
  parts: LauncherParts,
  records: FaultRecords,
  kind: AnyFaultKind,
  { role, now }: ListRequest,
): Promise<Listed> {
  for (let tries = 1; ; tries++) {
    const asOf = records.version
    const unreachable: Unreachable[] = []
    const onUnreachable = (name: string, reason: string): void => void unreachable.push({ name, reason })
    const faults = (await kind.list(parts, { role, onUnreachable })).filter((fault) => isOf(fault, role))
    if (records.version !== asOf && tries < LISTS_MAX) continue
    const isKnown = (name: string): boolean =>
      isOf({ role: name }, role) && !unreachable.some((other) => other.name === name)
    const found = faults.map((fault) => {
      const { role, id, seed } = fault
      return { role, side: sideOf(fault), id, seed, key: kind.keyOf(fault), description: kind.describe(fault), fault }
    })
    const matched = records.match(kind.kind, found, isKnown, asOf, now)
    return {
      faults: matched.found.map(({ fault, record }) => listed(kind, fault.fault, record)),
      vanished: matched.vanished,
      unreachable,
    }
  }
}

/** Switch at the other end of the link that has a fault; undefined: its role has it. */
export function sideOf(fault: InjectableFault): string | undefined {
  return 'side' in fault ? fault.side : undefined
}

function isOf(fault: { readonly role: string }, role: string | undefined): boolean {
  return role === undefined || fault.role === role
}

/** Returns a fault as the API has it. */
function listed(kind: AnyFaultKind, fault: Found<InjectableFault>, record: FaultRecord): Fault {
  const { id, seed, author } = record
  const injected: Injected<InjectableFault> = { ...fault, id, seed }
  return {
    ...injected,
    author,
    ...timesOf(record),
    description: kind.describe(fault),
    undo: kind.undoCommand(injected),
  } as Fault
}

/** Returns the times of a record as the API has them. */
export function timesOf({ startedAt, endsAt }: Pick<FaultRecord, 'startedAt' | 'endsAt'>) {
  return {
    startedAt: new Date(startedAt).toISOString(),
    endsAt: endsAt === null ? null : new Date(endsAt).toISOString(),
  }
}
