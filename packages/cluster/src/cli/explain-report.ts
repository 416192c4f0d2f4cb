import type { Output } from '../operations/command.js'
import type { Explanation } from '../operations/status-schemas.js'

/** Output of `fivetuple explain`. */
export const explanationOutput: Output<Explanation, never> = { text: (explanation) => renderExplanation(explanation) }

/** Renders the decision for people: hop by hop, with the outcome if the flow is rehashed. */
export function renderExplanation({ client, vip, protocol, route, session, sessionsElsewhere }: Explanation): string {
  const flow = `${protocol} ${client} > ${vip}`
  if (route === null) return `${flow}\n  no route: the uplink switch responds with ICMP destination unreachable\n`
  const { hash, m } = route
  const value = `0x${hash.value.toString(16).padStart(8, '0')}`
  return [
    flow,
    `  route      ${route.prefix}, cost ${route.cost}, ${m} equal-cost next hop${m === 1 ? '' : 's'}`,
    `  hash       ${hash.name}, seed ${hash.seed}: ${hash.value} (${value})`,
    `  selection  ${route.selection}: ${route.reason}`,
    `  LB         ${route.lb}, port ${route.port}`,
    ...(route.drain === undefined
      ? []
      : [
          route.drain.divertedTo === null
            ? `  drain      it drains: a flow that begins now goes to ${route.drain.newFlowsTo}`
            : `  drain      kept from an LB that drained when it began; a flow that begins now goes to ${route.drain.newFlowsTo}`,
        ]),
    session === null
      ? '  session    none'
      : `  session    ${session.state}: ${session.bip} > ${session.backend}, idle ${Math.round(session.idleMs)} ms`,
    ...sessionsElsewhere.map(({ lb, session: { state } }) => `  outcome    ${rehashed(protocol, lb, state)}`),
    '',
  ].join('\n')
}

/** A UDP flow gets another session with its next datagram; a TCP flow can't. */
function rehashed(protocol: string, lb: string, state: string): string {
  return protocol === 'udp'
    ? `rehashed: ${lb} has its session, and its next datagram gets another one`
    : `broken by rehash: ${lb} has its session (${state}), and the flow ends when its client sends next`
}
