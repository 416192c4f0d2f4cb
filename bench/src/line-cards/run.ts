import { parseArgs } from 'node:util'
import { findWrk } from '../chain/tools.js'
import { ClusterProcess } from '../cluster-process.js'
import { compareClusters } from '../clusters/compare-clusters.js'
import { renderClusters } from '../clusters/render-clusters.js'
import { interruption } from '../interrupt.js'
import { environment, writeReport } from '../report.js'

const HELP = `pnpm bench:cards [options]   switches that forward on more line cards against those of one process

  --cards <n>                 line cards of the second cluster (default 2; the first has 1)
  --lbs <n>, --backends <n>   size of both clusters (default 2 and 2)
  --seconds <n>               length of each segment (default 3)
  --rounds <n>                segments of each cluster and scenario (default 5)
`

try {
  const { values } = parseArgs({
    options: {
      cards: { type: 'string', default: '2' },
      lbs: { type: 'string', default: '2' },
      backends: { type: 'string', default: '2' },
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '5' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const wrk = findWrk('wrk')
  if (values.help) process.stdout.write(HELP)
  else if (wrk === undefined) process.stdout.write('skipped: wrk is not installed (on Debian: apt install wrk)\n')
  else {
    const options = {
      lineCards: [1, within('cards', values.cards, 2, 16)],
      lbs: within('lbs', values.lbs, 1, 16),
      backends: within('backends', values.backends, 1, 16),
      seconds: within('seconds', values.seconds, 1, 60),
      rounds: within('rounds', values.rounds, 1, 100),
    }
    const at = environment()
    const { lineCards, lbs, backends, seconds, rounds } = options
    const measurements = await compareClusters({
      contenders: lineCards.map((cards) => ({
        name: `${cards} cards`,
        start: () => ClusterProcess.start(lbs, backends, `lineCards: ${cards}\nchecks: false\n`),
      })),
      seconds,
      rounds,
      wrk: wrk.command,
      signal: interruption(),
      onStep: (what) => process.stderr.write(`${what} ...\n`),
    })
    process.stdout.write(`\n${renderClusters(measurements)}\n`)
    process.stdout.write(`${at.cpus} CPUs (${at.cpuModel}), Node ${at.node}, commit ${at.commit.slice(0, 12)}\n`)
    process.stdout.write(`written to ${writeReport('line-cards', at, { options, measurements })}\n`)
  }
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`)
  process.exitCode = 1
}

function within(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (text !== '' && Number.isInteger(value) && value >= min && value <= max) return value
  throw new Error(`--${name} is '${text}': a whole number from ${min} to ${max} is needed`)
}
