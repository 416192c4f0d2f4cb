import { type Endpoint, formatEndpoint, parseEndpoint } from '@fivetuple/packet'
import { ApiError } from '../../api/problem.js'
import type { ClusterPlan } from '../../plan/plan.js'

/** Destination of flows. */
export interface Service {
  /** Name of the VIP as it was given, or address:port. */
  readonly label: string
  readonly endpoint: Endpoint
  readonly protocol: 'tcp' | 'udp'
}

/**
 * Returns the destination of flows to a VIP.
 *
 * @param vip name, or address:port
 * @param givenProtocol undefined: that of the VIP, or TCP
 * @throws ApiError for a name that no VIP has, or another protocol than that of the VIP
 */
export function serviceNamed(plan: ClusterPlan, vip: string, givenProtocol: 'tcp' | 'udp' | undefined): Service {
  const named = plan.vips.find(({ name }) => name === vip)
  const endpoint = parseEndpoint(named === undefined ? vip : `${named.address}:${named.port}`)
  const protocol = givenProtocol ?? named?.protocol ?? 'tcp'
  if (endpoint === undefined)
    throw new ApiError(
      400,
      `vip '${vip}' is neither address:port nor one of ${plan.vips.map(({ name }) => name).join(', ')}`,
    )
  if (named !== undefined && named.protocol !== protocol)
    throw new ApiError(400, `${vip} is a ${named.protocol} service: leave the protocol out, or name an address:port`)
  return { label: named?.name ?? formatEndpoint(endpoint.address, endpoint.port), endpoint, protocol }
}
