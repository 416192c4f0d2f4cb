import { formatEndpoint, parseEndpoint } from '@fivetuple/packet'
import { ApiError } from '../../api/problem.js'
import type { Explanation } from '../../operations/status-schemas.js'
import type { LauncherParts } from '../parts.js'
import { serviceNamed } from './service.js'

type Parts = Pick<LauncherParts, 'plan' | 'supervisor' | 'fleet' | 'roles'>

/**
 * Explains which LB carries a flow, and by which session.
 *
 * @param client address:port
 * @param vip name, or address:port
 * @param givenProtocol undefined: that of the VIP
 */
export async function explainFlow(
  parts: Parts,
  client: string,
  vip: string,
  givenProtocol: 'tcp' | 'udp' | undefined,
): Promise<Explanation> {
  const { plan, fleet, roles } = parts
  const from = parseEndpoint(client)
  if (from === undefined) throw new ApiError(400, `client '${client}' is no address:port, as in 127.20.100.7:41234`)
  const { endpoint: to, protocol } = serviceNamed(plan, vip, givenProtocol)
  const flow = { client: from, vip: to, protocol }
  const route = await roles.switch(plan.uplink.name)('explain', flow)
  const session =
    route === null
      ? null
      : await roles
          .lb(route.lb)('session', flow)
          .catch(() => null)
  const others = session === null ? runningLbs(parts).filter((name) => name !== route?.lb) : []
  const responses = await fleet.requestEach(others, 'session', flow).catch(() => [])
  return {
    client: formatEndpoint(from.address, from.port),
    vip: formatEndpoint(to.address, to.port),
    protocol,
    route,
    session,
    sessionsElsewhere: responses.flatMap((of) =>
      'response' in of && of.response !== null ? [{ lb: of.lb, session: of.response }] : [],
    ),
  }
}

/** LBs that can respond: an unresponsive one would delay the response until its timeout. */
function runningLbs({ supervisor }: Parts): string[] {
  return supervisor
    .states()
    .filter(({ spec, state }) => spec.kind === 'lb' && state === 'running')
    .map(({ spec }) => spec.name)
}
