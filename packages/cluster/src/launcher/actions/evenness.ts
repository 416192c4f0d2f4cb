import { randomInt } from 'node:crypto'
import { evennessOf, SeededSources, SourcePool } from '@fivetuple/client'
import { type Endpoint, formatEndpoint, parseEndpoint, parseIpv4 } from '@fivetuple/packet'
import { ApiError } from '../../api/problem.js'
import type { EvennessRequest } from '../../operations/evenness-parameters.js'
import type { Evenness, ServiceEvenness } from '../../operations/evenness-schemas.js'
import type { LauncherParts } from '../parts.js'
import { type Service, serviceNamed } from './service.js'

type Parts = Pick<LauncherParts, 'plan' | 'roles'>

/** Flows of one request to the switch: its packets wait about a millisecond for it. */
const CHUNK = 5_000
const SEEDS = 0x1_0000_0000

interface Flow {
  readonly client: Endpoint
  readonly service: Service
}

/** Returns the LBs that flows would take if they began now, and the evenness of their shares. */
export async function flowEvenness(parts: Parts, request: EvennessRequest): Promise<Evenness> {
  const { plan } = parts
  const { ecmp } = plan.uplink
  const { flows, seed, from } = request.flows === undefined ? drawn(parts, request) : listed(parts, request)
  const services = [...new Set(flows.map(({ service }) => service))]
  const lbOf = new Map<Flow, string | null>()
  const vips: ServiceEvenness[] = []
  for (const service of services) {
    const ofService = flows.filter((flow) => flow.service === service)
    vips.push(await serviceEvenness(parts, service, ofService, lbOf))
  }
  return {
    selection: `${ecmp.selection} over ${ecmp.hash}`,
    seed,
    from,
    vips,
    ...(request.each === true && {
      flows: flows.map((flow) => ({
        client: formatEndpoint(flow.client.address, flow.client.port),
        vip: flow.service.label,
        protocol: flow.service.protocol,
        lb: lbOf.get(flow) ?? null,
      })),
    }),
  }
}

interface Flows {
  readonly flows: readonly Flow[]
  readonly seed: number | null
  readonly from: string | null
}

/** Flows from the sources of a seed, as those of `fivetuple probe --new-connections`. */
function drawn({ plan }: Parts, request: EvennessRequest): Flows {
  const { count = 1, seed = randomInt(SEEDS), from = plan.clientPool } = request
  const service = serviceNamed(plan, request.vip ?? plan.vips[0]?.name ?? '', undefined)
  const pool = SourcePool.parse(from)
  if (pool === undefined) throw new ApiError(400, `from is '${from}': it must be a prefix, as in ${plan.clientPool}`)
  const sources = new SeededSources({ pool, seed, connections: count }).first(count)
  return {
    flows: sources.map(({ address, port }) => ({ client: { address: parseIpv4(address)!, port }, service })),
    seed,
    from,
  }
}

function listed({ plan }: Parts, { flows = [], vip, seed, from }: EvennessRequest): Flows {
  if (seed !== undefined || from !== undefined)
    throw new ApiError(400, 'seed and from are for flows that are drawn: leave them out if flows are listed')
  const services = new Map<string, Service>()
  return {
    flows: flows.map((flow, i) => {
      const client = parseEndpoint(flow.client)
      const name = flow.vip ?? vip
      const key = `${name} ${flow.protocol}`
      if (client === undefined)
        throw new ApiError(400, `flows[${i}].client is '${flow.client}': it must be address:port`)
      if (name === undefined) throw new ApiError(400, `flows[${i}] has no vip: name it there, or in vip for all flows`)
      const service = services.get(key) ?? serviceNamed(plan, name, flow.protocol)
      services.set(key, service)
      return { client, service }
    }),
    seed: null,
    from: null,
  }
}

/** @param lbOf gets the LB of each flow */
async function serviceEvenness(
  { plan, roles }: Parts,
  { label, endpoint, protocol }: Service,
  flows: readonly Flow[],
  lbOf: Map<Flow, string | null>,
): Promise<ServiceEvenness> {
  const perLb: Record<string, number> = {}
  let unrouted = 0
  for (let start = 0; start < flows.length; start += CHUNK) {
    const chunk = flows.slice(start, start + CHUNK)
    const clients = chunk.flatMap(({ client }) => [client.address, client.port])
    const { lbs, chosen } = await roles.switch(plan.uplink.name)('lbsOfNewFlows', { vip: endpoint, protocol, clients })
    for (const lb of lbs) perLb[lb] ??= 0
    chunk.forEach((flow, i) => {
      const lb = lbs[chosen[i] ?? lbs.length]
      if (lb === undefined) unrouted++
      else perLb[lb] = (perLb[lb] ?? 0) + 1
      lbOf.set(flow, lb ?? null)
    })
  }
  const routed = flows.length - unrouted
  const base = { vip: label, protocol, flows: flows.length, unrouted, perLb }
  if (Object.keys(perLb).length < 2 || routed === 0)
    return { ...base, chiSquare: null, degreesOfFreedom: 0, pValue: null, worst: null }
  const { chiSquare, degreesOfFreedom, pValue, worst, overload } = evennessOf(perLb)
  return { ...base, chiSquare, degreesOfFreedom, pValue, worst: { lb: worst, flows: perLb[worst]!, overload } }
}
