import type { Output } from '../operations/command.js'
import type { Evenness, ServiceEvenness } from '../operations/evenness-schemas.js'
import { table } from './table.js'

/** Probability below which chance is no explanation. */
const P_VALUE_MIN = 0.001
/** Fewest flows per LB for which the distribution of the statistic is known (Cochran). */
const EXPECTED_MIN = 5

/** Output of `fivetuple evenness`. */
export const evennessOutput: Output<Evenness, never> = { text: (evenness) => renderEvenness(evenness) }

/** Renders the shares of each VIP for people. */
export function renderEvenness({ selection, seed, from, vips, flows }: Evenness): string {
  const source = seed === null ? 'listed flows' : `seed ${seed}, sources from ${from}`
  const each = flows?.map(({ client, vip, protocol, lb }) => `${client},${vip},${protocol},${lb ?? 'none'}\n`) ?? []
  return `${each.join('')}${selection}, ${source}\n${vips.map(renderService).join('')}`
}

function renderService(service: ServiceEvenness): string {
  const { vip, protocol, flows, unrouted, perLb } = service
  const counts = Object.entries(perLb)
  const routed = flows - unrouted
  const mean = routed / counts.length
  const rows = counts.map(([lb, count]) => [
    lb,
    count,
    routed === 0 ? '-' : `${((100 * count) / routed).toFixed(1)} %`,
    routed === 0 ? '-' : (count / mean).toFixed(3),
  ])
  return [
    `\n${vip}, ${protocol}: ${flows} flows\n`,
    counts.length === 0 ? '' : table([['LB', 'FLOWS', 'SHARE', 'OF MEAN'], ...rows], '  '),
    unrouted > 0 ? `  ${unrouted} flows have no route: clients get ICMP destination unreachable\n` : '',
    verdict(service, mean),
  ].join('')
}

function verdict({ chiSquare, degreesOfFreedom, pValue, worst }: ServiceEvenness, mean: number): string {
  if (chiSquare === null || pValue === null || worst === null) return ''
  const test = `  chi-square ${chiSquare.toFixed(2)} with ${degreesOfFreedom} degree${degreesOfFreedom === 1 ? '' : 's'} of freedom, p = ${pValue < P_VALUE_MIN ? `below ${P_VALUE_MIN}` : pValue.toFixed(3)}`
  const meaning =
    mean < EXPECTED_MIN
      ? `too few flows to judge: ${EXPECTED_MIN} per LB are needed`
      : pValue < P_VALUE_MIN
        ? 'uneven, and not by chance'
        : 'no more uneven than chance makes it'
  return `${test}: ${meaning}\n  worst LB: ${worst.lb}, with ${worst.overload.toFixed(3)} times the mean\n`
}
