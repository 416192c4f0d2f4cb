import type { Output } from '../operations/command.js'
import type { LbSessions } from '../operations/status-schemas.js'
import { table } from './table.js'

/** Output of `fivetuple sessions`. */
export const sessionsOutput: Output<readonly LbSessions[], never> = {
  text: (lists, { parameters }) => render(lists, Number(parameters.limit)),
}

function render(lists: readonly LbSessions[], limit: number): string {
  const unreachable = lists
    .flatMap(({ lb, unreachable }) => (unreachable === undefined ? [] : [`! ${lb}: ${unreachable}\n`]))
    .join('')
  if (lists.every((list) => list.sessions.length === 0)) return `no sessions\n${unreachable}`
  const sessions = table([
    ['LB', 'PROTOCOL', 'CLIENT', 'VIP', 'BIP', 'BACKEND', 'STATE', 'IDLE ms'],
    ...lists.flatMap(({ lb, sessions: list }) =>
      list.map((s) => [lb, s.protocol, s.client, s.vip, s.bip, s.backend, s.state, Math.round(s.idleMs)]),
    ),
  ])
  const full = lists.filter((list) => list.sessions.length === limit).map(({ lb }) => lb)
  const more = full.length > 0 ? `\nMore on ${full.join(' ')}: only ${limit} of each are shown (--limit)\n` : ''
  return sessions + more + unreachable
}
