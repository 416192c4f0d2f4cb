import { table } from './table.js'
import { targetCluster } from './target.js'

interface SessionsOptions {
  readonly vip?: string
  readonly limit: number
  readonly block?: string
  readonly json?: boolean
}

/** `fivetuple sessions`. */
export async function sessions(lb: string, { vip, limit, block, json }: SessionsOptions): Promise<void> {
  const lists = await targetCluster(block).sessions(lb, vip, limit)
  if (json) {
    process.stdout.write(`${JSON.stringify(lists)}\n`)
    return
  }
  const unreachable = lists
    .flatMap(({ lb: name, unreachable }) => (unreachable === undefined ? [] : [`! ${name}: ${unreachable}\n`]))
    .join('')
  if (lists.every((list) => list.sessions.length === 0)) {
    process.stdout.write(`no sessions\n${unreachable}`)
    return
  }
  process.stdout.write(
    table([
      ['LB', 'PROTOCOL', 'CLIENT', 'VIP', 'BIP', 'BACKEND', 'STATE', 'IDLE ms'],
      ...lists.flatMap(({ lb: name, sessions: list }) =>
        list.map((s) => [name, s.protocol, s.client, s.vip, s.bip, s.backend, s.state, Math.round(s.idleMs)]),
      ),
    ]),
  )
  const full = lists.filter((list) => list.sessions.length === limit).map(({ lb: name }) => name)
  if (full.length > 0) process.stdout.write(`\nMore on ${full.join(' ')}: only ${limit} of each are shown (--limit)\n`)
  process.stdout.write(unreachable)
}
