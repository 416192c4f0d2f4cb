import assert from 'node:assert/strict'
import type { Prefix } from '@fivetuple/packet'
import type { EcmpSelection } from '../ecmp/selection.js'
import { Fib } from './fib.js'
import type { Route } from './route.js'

/**
 * Route without its prefix. Many routes share one: all VIPs of the same LBs, for
 * one.
 */
type RouteBody = Omit<Route, 'prefix'>

/** In place of a body: the prefix has no route any more. */
const REMOVED = 0xffff_ffff

/**
 * A route table, or a change of one, as it travels from the control plane to a process that
 * forwards: five to nine bytes a route, beside each distinct body once. Made of plain values and
 * typed arrays, as structured cloning takes them.
 */
export interface FibUpdate {
  /** Version of the table that this changes; null: this is a whole table. */
  readonly base: number | null
  readonly version: number
  readonly bodies: readonly RouteBody[]
  /** Network addresses. */
  readonly addresses: Uint32Array
  /** By address: length of the prefix, bits. */
  readonly lengths: Uint8Array
  /** By address: its place in `bodies`, or {@link REMOVED}. */
  readonly bodyOf: Uint32Array
}

/** A route table with the version that its control plane gives it. */
export interface VersionedFib {
  readonly version: number
  readonly fib: Fib
}

/** The update that makes the table of `version` out of any other. */
export function wholeFib(version: number, fib: Fib): FibUpdate {
  return encode(null, version, fib.routes(), [])
}

/**
 * The update that makes the table of `version` out of the one before: `remove`, then `set`, as
 * {@link Fib.with}.
 */
export function changedFib(version: number, set: readonly Route[], remove: readonly Prefix[]): FibUpdate {
  return encode(version - 1, version, set, remove)
}

/**
 * The table after an update.
 * @throws AssertionError when it changes another version than `before`: updates are sent in order
 * and none is left out
 */
export function updatedFib(before: VersionedFib, update: FibUpdate, selection: EcmpSelection): VersionedFib {
  const { base, version, bodies, addresses, lengths, bodyOf } = update
  assert(base === null || base === before.version, `a change of route table ${base}, but this is ${before.version}`)
  const set: Route[] = []
  const remove: Prefix[] = []
  addresses.forEach((address, i) => {
    const prefix = { address, length: lengths[i]! }
    const body = bodies[bodyOf[i]!]
    if (body === undefined) remove.push(prefix)
    else set.push({ ...body, prefix })
  })
  return { version, fib: (base === null ? Fib.empty(selection) : before.fib).with(set, remove) }
}

function encode(base: number | null, version: number, set: readonly Route[], remove: readonly Prefix[]): FibUpdate {
  const count = remove.length + set.length
  const addresses = new Uint32Array(count)
  const lengths = new Uint8Array(count)
  const bodyOf = new Uint32Array(count).fill(REMOVED)
  const bodies: RouteBody[] = []
  const places = new Map<string, number>()
  remove.forEach(({ address, length }, i) => {
    addresses[i] = address
    lengths[i] = length
  })
  set.forEach(({ prefix, ...body }, i) => {
    const at = remove.length + i
    const key = JSON.stringify(body)
    const place = places.get(key) ?? bodies.push(body) - 1
    places.set(key, place)
    addresses[at] = prefix.address
    lengths[at] = prefix.length
    bodyOf[at] = place
  })
  return { base, version, bodies, addresses, lengths, bodyOf }
}
