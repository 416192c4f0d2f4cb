/** What the command line says, as text. */
export interface BenchArguments {
  readonly seconds?: string | undefined
  readonly rounds?: string | undefined
  readonly rate?: string | undefined
  readonly seed?: string | undefined
  readonly only: readonly string[]
  readonly lbs?: string | undefined
  readonly backends?: string | undefined
  readonly backend: string
  readonly haproxy: string
  readonly nginx: string
  readonly wrk: string
  /** What else stands on the command line. */
  readonly files: readonly string[]
}

/** One bench. Its code is loaded when it is asked for. */
export interface Verb {
  readonly name: string
  readonly summary: string
  /** True if it takes file names. */
  readonly takesFiles?: boolean
  readonly run: (values: BenchArguments) => Promise<void>
}

export const VERBS: readonly Verb[] = [
  {
    name: 'chain',
    summary: 'three hops: fivetuple against chains of three HAProxy and nginx processes',
    async run({ seconds, rounds, only, lbs, backend, haproxy, nginx, wrk }) {
      if (backend !== 'nginx' && backend !== 'fastify')
        throw new Error(`--backend is '${backend}': nginx or fastify is needed`)
      const { chain } = await import('./chain/chain.js')
      await chain({
        lbs: whole('lbs', lbs ?? '1'),
        seconds: positive('seconds', seconds ?? '2'),
        rounds: whole('rounds', rounds ?? '4'),
        only,
        commands: { haproxy, nginx, wrk },
        backend,
      })
    },
  },
  {
    name: 'draw',
    summary: 'reports of chain again, as one: draw <report.json> …',
    takesFiles: true,
    async run({ files }) {
      const { drawAgain } = await import('./draw-again.js')
      drawAgain(files)
    },
  },
  {
    name: 'through-vip',
    summary: "a cluster's VIP against one of its backends",
    async run({ seconds, rounds, only, lbs, backends }) {
      const { throughVip } = await import('./through-vip.js')
      await throughVip({
        lbs: whole('lbs', lbs ?? '4'),
        backends: whole('backends', backends ?? '4'),
        seconds: positive('seconds', seconds ?? '2'),
        rounds: whole('rounds', rounds ?? '4'),
        only,
      })
    },
  },
  {
    name: 'against',
    summary: 'this checkout against another one that is built: against <folder>',
    takesFiles: true,
    async run({ seconds, rounds, lbs, backends, wrk, files }) {
      const [checkout] = files
      if (checkout === undefined || files.length > 1)
        throw new Error('against needs one folder, that of the other checkout')
      const { against } = await import('./clusters/against.js')
      await against({
        checkout,
        lbs: whole('lbs', lbs ?? '4'),
        backends: whole('backends', backends ?? '4'),
        seconds: positive('seconds', seconds ?? '3'),
        rounds: whole('rounds', rounds ?? '6'),
        wrk,
      })
    },
  },
  {
    name: 'scale',
    summary: 'what more LBs, VIPs and flows cost, and how long a cluster takes to start',
    async run({ seconds, rounds, rate, only, wrk }) {
      const { scale } = await import('./scale/scale.js')
      await scale({
        seconds: positive('seconds', seconds ?? '2'),
        rounds: whole('rounds', rounds ?? '3'),
        perSecond: positive('rate', rate ?? '4000', 100_000),
        only,
        wrk,
      })
    },
  },
  {
    name: 'failure',
    summary: 'what failures of LBs, cables and backends cost clients',
    async run({ seconds, only, lbs, backends }) {
      const { underFailure } = await import('./failure/under-failure.js')
      await underFailure({
        lbs: whole('lbs', lbs ?? '4'),
        backends: whole('backends', backends ?? '4'),
        seconds: positive('seconds', seconds ?? '2'),
        only,
      })
    },
  },
  {
    name: 'soak',
    summary: 'random faults under load for a long time; exits 1 if anything is left behind or a bystander is hurt',
    async run({ seconds, seed, only }) {
      const { soak } = await import('./soak/soak.js')
      await soak({
        seconds: positive('seconds', seconds ?? '600', 86_400),
        seed: positive('seed', seed ?? '1', 2 ** 32 - 1),
        only,
      })
    },
  },
  {
    name: 'micro',
    summary: 'the functions that run per packet',
    async run({ rounds, only }) {
      const { microBenches } = await import('./micro/micro-benches.js')
      await microBenches({ rounds: whole('rounds', rounds ?? '7'), only })
    },
  },
]

function positive(name: string, text: string, max = 1000): number {
  const value = Number(text)
  if (value > 0 && value <= max) return value
  throw new Error(`--${name} is '${text}': a number above 0, at most ${max}, is needed`)
}

function whole(name: string, text: string): number {
  const value = positive(name, text)
  if (Number.isInteger(value)) return value
  throw new Error(`--${name} is '${text}': a whole number above 0 is needed`)
}
