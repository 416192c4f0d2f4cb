import { renderPage } from '../page.js'
import type { Environment } from '../report.js'
import { drawRatios } from './draw.js'
import { FIRST_WARM_UP_MS, WARM_UP_MS } from './measure.js'
import { chainTables } from './render.js'
import type { ChainResult } from './result.js'

/** Facts of a report besides its results. */
export interface ChainFacts {
  readonly lbs: number
  readonly seconds: number
  readonly rounds: number
  /** Versions of the programs. */
  readonly versions: readonly string[]
  /** Server of small requests. */
  readonly backend: string
}

/** Renders a comparison as a drawn report. */
export function chainPage(environment: Environment, facts: ChainFacts, results: readonly ChainResult[]): string {
  const { lbs, seconds, rounds, versions, backend } = facts
  const { speed, ratios, cpu, memory } = chainTables(results)
  return renderPage({
    title: 'Three hops: fivetuple against chains of proxies',
    lead:
      `Uplink switch, ${lbs === 1 ? 'one LB' : `${lbs} LBs`} and downlink switch, against three HAProxy processes (mode tcp, one thread each) and three nginx ` +
      'processes (stream module, one worker each), before the same backend, under the same load, in the same run.',
    environment,
    facts: { rounds: `${rounds} of ${seconds} s`, with: versions.join(', '), backend },
    sections: [
      {
        title: 'fivetuple / others',
        words: [
          'Each bar begins at 1, where both are alike, and ends at the median of the rounds; the thin line reaches from the lowest round to the highest. ' +
            'Scales are logarithmic. A dash: that proxy can’t carry it (HAProxy’s mode tcp knows no UDP), or the figure does not exist.',
        ],
        svg: drawRatios(results),
      },
      {
        title: 'Ratios',
        words: [
          'fivetuple / other contender, median of the rounds [lowest to highest]. Direct, without any hop, is the upper limit.',
        ],
        table: ratios,
      },
      {
        title: 'Measured',
        words: ['Medians of the rounds. CPU is that of all processes between client and backend.'],
        table: speed,
      },
      { title: 'CPU µs for each request or MiB, by process', table: cpu },
      { title: 'Resident memory, MiB, after the case that took most', table: memory },
      {
        title: 'Method',
        words: [
          'All contenders run side by side on this machine and are loaded one at a time: in each round every contender once, forwards in the first round, backwards in the second, and so on. ' +
            `Before its first round each contender meets the load for ${FIRST_WARM_UP_MS / 1000} s, and before each measured segment for ${WARM_UP_MS / 1000} s, unmeasured. Ratios are taken within a round.`,
          'The load is a closed loop: each connection has one request under way. wrk begins a measured segment with opening its connections; autocannon and our own loads open them before. ' +
            'The suffix of a case names what makes its load.',
          'CPU seconds come from /proc/<pid>/stat, in steps of 10 ms, before and after each segment. Small requests and downloads are served by the backend named above, uploads and datagrams by the backend of this repository.  ' +
            'Client, hops and backend share this machine’s CPUs, so the fastest contender is the one that costs least in all.',
        ],
      },
    ],
  })
}
