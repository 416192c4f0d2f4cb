import { parseArgs } from 'node:util'
import { underFailure } from './failure/under-failure.js'
import { microBenches } from './micro/micro-benches.js'
import { throughVip } from './through-vip.js'

const HELP = `pnpm bench [options]          a cluster's VIP against one of its backends
pnpm bench failure [options]  what failures of LBs, cables and backends cost clients
pnpm bench micro [options]    the functions that run per packet

  --seconds <n>   measured load in each segment (default 2); failure: before, during and after each failure
  --rounds <n>    how often each pair of segments, or each micro bench, is measured (default 4; micro: 7)
  --only <part>   only what has this in its name; may be repeated
  --lbs <n>, --backends <n>   size of the cluster (default 4 and 4)
`

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '2' },
      rounds: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      lbs: { type: 'string', default: '4' },
      backends: { type: 'string', default: '4' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const [what = 'through-vip', ...rest] = positionals
  if (values.help) process.stdout.write(HELP)
  else if (rest.length > 0 || !['through-vip', 'failure', 'micro'].includes(what))
    throw new Error(`what is this?\n${HELP}`)
  else if (what === 'micro') await microBenches({ rounds: positive('rounds', values.rounds ?? '7'), only: values.only })
  else {
    const cluster = { lbs: positive('lbs', values.lbs), backends: positive('backends', values.backends) }
    const load = { seconds: positive('seconds', values.seconds), only: values.only }
    if (what === 'failure') await underFailure({ ...cluster, ...load })
    else await throughVip({ ...cluster, ...load, rounds: positive('rounds', values.rounds ?? '4') })
  }
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`)
  process.exitCode = 1
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (value > 0 && value <= 1000 && (name === 'seconds' || Number.isInteger(value))) return value
  throw new Error(`--${name} is '${text}': a ${name === 'seconds' ? '' : 'whole '}number above 0 is needed`)
}
