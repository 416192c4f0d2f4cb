import type { ClusterConfig, LinkFaultsConfig } from './cluster-config.js'
import type { ConfigPath, Report } from './config-error.js'
import { conflictOf } from './link-request.js'
import { numbered } from './resolve.js'

/** Reports faults of links that can't be injected. */
export function checkLinks({ links, lbs }: ClusterConfig, report: Report): void {
  const names = numbered('lb', lbs)
  links.forEach((link, i) => {
    const path = ['links', i]
    if (link.lb !== 'all' && !names.includes(link.lb))
      report([...path, 'lb'], `'${link.lb}' is no LB`, `there is ${names[0]} to ${names.at(-1)}`)
    checkFaults(link, path, report)
  })
  const down = links.find(({ faults }) => faults.some(({ kind }) => kind === 'link-down'))
  links.forEach((link, i) => {
    if (down === undefined || link === down || !isSameLink(link, down)) return
    report(['links', i], `is on a link that is down from the start`, 'remove one of the two entries')
  })
}

function checkFaults({ faults, direction, scope }: LinkFaultsConfig, path: ConfigPath, report: Report): void {
  if (faults.length === 0) report(path, 'has no faults', 'give it one, such as delay: 20ms')
  for (const { kind, fault } of faults) {
    if (fault.ok) continue
    const { place, message, remedy } = fault.problem
    report([...path, kind, ...(place === '' ? [] : [place])], message, remedy)
  }
  const valid = faults.flatMap(({ fault }) => (fault.ok ? [fault.value] : []))
  const directions = direction === undefined || direction === 'both' ? undefined : [direction]
  const conflict = conflictOf({ faults: valid, directions, scope })
  if (conflict === undefined) return
  const [what = '', remedy = ''] = conflict.split(': ')
  report(path, `is invalid, since ${what}`, remedy)
}

function isSameLink(a: LinkFaultsConfig, b: LinkFaultsConfig): boolean {
  return (
    (a.lb === b.lb || a.lb === 'all' || b.lb === 'all') && (a.side === b.side || a.side === 'both' || b.side === 'both')
  )
}
