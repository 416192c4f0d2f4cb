import {
  EdgeEnd,
  type FlowSelection,
  facts,
  hasSession,
  NO_HOP,
  noOutcomes,
  type OutcomeCounts,
  SessionEvent,
  type StoredFlow,
} from '@fivetuple/flow-records'
import { formatEndpoint, formatIpv4, IpProtocol, parseEndpoint, parseIpv4 } from '@fivetuple/packet'
import { machineTimeUs } from '@fivetuple/runtime'
import { ApiError } from '../../api/problem.js'
import type { FlowList, FlowQuery, FlowView } from '../../operations/flow-schemas.js'
import type { FlowCollector } from '../flows/flow-collector.js'
import type { LauncherParts } from '../parts.js'
import { oneLbNamed, vipNamed } from './lookup.js'

type Parts = Pick<LauncherParts, 'plan' | 'flows'>

/** Flows of a listing unless the request names another number. */
export const FLOWS_DEFAULT = 100

/** Lists flow records. Rejects if flows are not recorded. */
export async function listFlows(parts: Parts, query: FlowQuery): Promise<FlowList> {
  const { flows } = parts
  if (flows === undefined)
    throw new ApiError(409, "flows are not recorded: remove 'flows: off' from the configuration, and start again")
  const selection = selectionOf(parts, query) // before the roles are asked: errors come at once
  await flows.flush()
  flows.causes.resolve()
  const { store } = flows
  const selected = store.select(selection, query.limit ?? FLOWS_DEFAULT)
  const last = selected.flows.at(-1)
  return {
    recorded: total(store.outcomes),
    outcomes: selected.outcomes,
    matching: selected.matching,
    kept: store.size,
    lost: store.lost,
    flows: selected.flows.map((flow) => viewOf(parts, flows, flow)),
    next: last !== undefined && selected.hasMore ? last.number : null,
  }
}

/** Flows per outcome since the start: of each VIP, and of each LB that has had them. */
export function outcomesOf({ plan, flows }: Parts): {
  readonly vips: ReadonlyMap<string, OutcomeCounts>
  readonly lbs: ReadonlyMap<string, OutcomeCounts>
} {
  const store = flows?.store
  return {
    vips: new Map(
      plan.vips.map(({ name, address, port, protocol }) => [
        name,
        store?.ofVip(parseIpv4(address)!, port, protocolNumber(protocol)) ?? noOutcomes(),
      ]),
    ),
    lbs: new Map(plan.lbs.map(({ name, id }) => [name, store?.ofLb(id) ?? noOutcomes()])),
  }
}

function selectionOf({ plan }: Parts, { outcome, vip, lb, client, sinceMs, before }: FlowQuery): FlowSelection {
  const named = vip === undefined ? undefined : vipNamed(plan, vip)
  return {
    ...(outcome !== undefined && { outcomes: outcome }),
    ...(named !== undefined && {
      vip: { address: parseIpv4(named.address)!, port: named.port, protocol: protocolNumber(named.protocol) },
    }),
    ...(lb !== undefined && { lb: plan.lbs.find(({ name }) => name === oneLbNamed(plan, lb))!.id }),
    ...(client !== undefined && { client: clientOf(client) }),
    ...(sinceMs !== undefined && { since: machineTimeUs() / 1_000 - sinceMs }),
    ...(before !== undefined && { before }),
  }
}

function clientOf(text: string): NonNullable<FlowSelection['client']> {
  const endpoint = parseEndpoint(text)
  const address = parseIpv4(text)
  if (endpoint !== undefined) return endpoint
  if (address !== undefined) return { address }
  throw new ApiError(400, `client '${text}' is neither an address nor address:port, as in 127.20.100.7:41234`)
}

function viewOf({ plan }: Parts, { causes }: FlowCollector, flow: StoredFlow): FlowView {
  const { number, source, offsetMs, outcome, sessions } = flow
  const f = facts(flow.row)
  const time = (at: number): string => new Date(Date.now() - (machineTimeUs() / 1_000 - at - offsetMs)).toISOString()
  const lbAt = (port: number) => plan.lbs.find(({ id }) => id === port)
  const nameOf = (port: number): string | null => (port === NO_HOP ? null : (lbAt(port)?.name ?? null))
  const session = sessions.findLast(({ lb, event }) => lb === f.home && hasSession(event))
  const [, , , , , , , , natPort = 0, backendAddress = 0, backendPort = 0] = session?.row ?? []
  const bip = lbAt(f.home)?.bip
  const hops = [{ at: time(f.openedAt), lb: nameOf(f.firstPort), cause: null as number | null }]
  for (let i = 0; i < f.changes.length; i += 3)
    hops.push({
      at: time(f.changes[i]!),
      lb: nameOf(f.changes[i + 1]!),
      cause: causes.of(source, f.changes[i + 2]!),
    })
  const protocol = f.protocol === IpProtocol.TCP ? ('tcp' as const) : ('udp' as const)
  return {
    number,
    protocol,
    client: formatEndpoint(f.client, f.clientPort),
    vip: formatEndpoint(f.vip, f.vipPort),
    service: plan.vips.find((vip) => isServiceOf(vip, f, protocol))?.name ?? null,
    firstAt: time(f.openedAt),
    lastAt: time(Math.max(f.lastAt, f.openedAt)),
    endedAt: f.end === EdgeEnd.OPEN ? null : time(f.endedAt),
    bytesFromClient: f.bytesFromClient,
    bytesToClient: f.bytesToClient,
    lb: nameOf(f.home),
    nextHops: hops,
    snat: session === undefined || bip === undefined ? null : `${bip}:${natPort}`,
    backend: session === undefined ? null : `${formatIpv4(backendAddress)}:${backendPort}`,
    outcome,
    reason: reasonOf(sessions),
    cause: f.fateCause === 0 ? null : causes.of(source, f.fateCause),
  }
}

interface Service {
  readonly address: string
  readonly port: number
  readonly protocol: string
}

function isServiceOf(vip: Service, { vip: address, vipPort }: ReturnType<typeof facts>, protocol: string): boolean {
  return vip.address === formatIpv4(address) && vip.port === vipPort && vip.protocol === protocol
}

/** Returns the last refusal of an LB, as its counters name it. */
function reasonOf(sessions: StoredFlow['sessions']): string | null {
  const refusal = sessions.findLast(({ event }) => event === SessionEvent.TURNED_AWAY || event === SessionEvent.UNKNOWN)
  return refusal === undefined ? null : refusal.row[11]
}

function protocolNumber(protocol: 'tcp' | 'udp'): number {
  return protocol === 'tcp' ? IpProtocol.TCP : IpProtocol.UDP
}

function total(counts: OutcomeCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}
