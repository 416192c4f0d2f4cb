import { Command, InvalidArgumentError, Option } from 'commander'
import type { ChainOptions } from './chain/chain.js'
import type { ToolCommands } from './chain/tools.js'
import type { AgainstOptions } from './clusters/against.js'
import type { CompareTwoOptions } from './clusters/compare-two.js'
import type { DetectionOptions } from './detection/detection.js'
import type { UnderFailureOptions } from './failure/under-failure.js'
import type { CardsOptions } from './line-cards/cards.js'
import type { MicroBenchOptions } from './micro/micro-benches.js'
import type { OracleOptions } from './oracle/oracle.js'
import type { ScaleOptions } from './scale/scale.js'
import type { SimulateOptions } from './simulate/simulate.js'
import type { SoakOptions } from './soak/soak.js'
import type { TcpImpairedOptions } from './tcp-impaired/tcp-impaired.js'
import type { ThroughVipOptions } from './through-vip.js'
import type { CompareTopologiesOptions } from './vrrp/compare-topologies.js'

type Parse = (text: string) => number

/** Command line of the benches. The code of a command is loaded when it runs. */
export function benchProgram(): Command {
  const program = new Command('bench')
    .usage('<command> [options]')
    .description(
      'Measures the cost of the path through the cluster. Results are printed and written to reports/ as JSON.',
    )
    .showHelpAfterError("('pnpm bench help <command>' lists its options)")
  for (const add of [
    chain,
    draw,
    throughVip,
    against,
    cards,
    records,
    vrrp,
    scale,
    failure,
    detection,
    oracle,
    soak,
    micro,
    impaired,
    simulation,
  ])
    add(program)
  return program
}

function chain(program: Command): void {
  program
    .command('chain')
    .description('compare three hops: fivetuple, and chains of three HAProxy and nginx processes')
    .addOption(only())
    .addOption(number('--lbs <n>', 'LBs of the cluster', whole(), 1))
    .addOption(seconds(2))
    .addOption(rounds(4))
    .addOption(
      new Option('--backend <kind>', 'server of small requests; nginx where it is installed')
        .choices(['nginx', 'fastify'])
        .default('nginx'),
    )
    .addOption(tool('haproxy'))
    .addOption(tool('nginx'))
    .addOption(tool('wrk'))
    .action(async ({ haproxy, nginx, wrk, ...options }: Omit<ChainOptions, 'commands'> & ToolCommands) => {
      const { chain } = await import('./chain/chain.js')
      await chain({ ...options, commands: { haproxy, nginx, wrk } })
    })
}

function draw(program: Command): void {
  program
    .command('draw')
    .description('print and draw reports of chain again, as one')
    .argument('<report...>', 'JSON files that chain has written')
    .action(async (files: readonly string[]) => {
      const { drawAgain } = await import('./draw-again.js')
      drawAgain(files)
    })
}

function throughVip(program: Command): void {
  clusterSize(program.command('through-vip').description("compare a cluster's VIP with one of its backends"), 4, 4)
    .addOption(only())
    .addOption(seconds(2))
    .addOption(rounds(4))
    .action(async (options: ThroughVipOptions) => {
      const { throughVip } = await import('./through-vip.js')
      await throughVip(options)
    })
}

function against(program: Command): void {
  clusterSize(program.command('against').description('compare this checkout with another one'), 4, 4)
    .argument('<folder>', 'the other checkout, which must be built')
    .addOption(seconds(3))
    .addOption(rounds(6))
    .addOption(number('--within <percent>', 'difference that counts as none', positive(100), 3))
    .addOption(tool('wrk'))
    .action(async (checkout: string, options: Omit<AgainstOptions, 'checkout'>) => {
      const { against } = await import('./clusters/against.js')
      await against({ checkout, ...options })
    })
}

function cards(program: Command): void {
  clusterSize(
    program.command('cards').description('compare switches on several line cards with switches of one process'),
    2,
    2,
  )
    .addOption(number('--cards <n>', 'line cards of the second cluster, 2 to 16; the first has 1', whole(16, 2), 2))
    .addOption(seconds(3))
    .addOption(rounds(5))
    .addOption(tool('wrk'))
    .action(async (options: CardsOptions) => {
      const { compareCards } = await import('./line-cards/cards.js')
      await compareCards(options)
    })
}

function records(program: Command): void {
  clusterSize(program.command('records').description('measure the cost of flow records'), 4, 4)
    .addOption(seconds(3))
    .addOption(rounds(6))
    .addOption(number('--within <percent>', 'difference that counts as none', positive(100), 5))
    .addOption(tool('wrk'))
    .action(async (options: CompareTwoOptions) => {
      const { compareRecords } = await import('./clusters/records.js')
      await compareRecords(options)
    })
}

function vrrp(program: Command): void {
  program
    .command('vrrp')
    .description('compare all LBs at once with one at a time (VRRP)')
    .addOption(number('--lbs <n>', 'LBs of both clusters, 2 to 16', whole(16, 2), 4))
    .addOption(number('--backends <n>', 'backends of both clusters', whole(16), 4))
    .addOption(number('--flows <n>', 'new flows a second that each LB can carry, 10 to 2000', whole(2_000, 10), 100))
    .addOption(number('--seconds <n>', 'length of each run of the search for the capacity, s', positive(60), 2))
    .action(async ({ flows, ...options }: Omit<CompareTopologiesOptions, 'newFlowsPerSecond'> & { flows: number }) => {
      const { compareTopologies } = await import('./vrrp/compare-topologies.js')
      await compareTopologies({ ...options, newFlowsPerSecond: flows })
    })
}

function scale(program: Command): void {
  program
    .command('scale')
    .description('measure the cost of more LBs, VIPs and flows, and the time to start a cluster')
    .addOption(only())
    .addOption(seconds(2))
    .addOption(rounds(3))
    .addOption(number('--rate <n>', 'requests a second of the load at a fixed rate', positive(100_000), 4_000))
    .addOption(tool('wrk'))
    .action(async ({ rate, ...options }: Omit<ScaleOptions, 'perSecond'> & { rate: number }) => {
      const { scale } = await import('./scale/scale.js')
      await scale({ ...options, perSecond: rate })
    })
}

function failure(program: Command): void {
  clusterSize(
    program.command('failure').description('measure the cost of failures of LBs, links and backends for clients'),
    4,
    4,
  )
    .addOption(only())
    .addOption(seconds(2))
    .action(async (options: UnderFailureOptions) => {
      const { underFailure } = await import('./failure/under-failure.js')
      await underFailure(options)
    })
}

function detection(program: Command): void {
  clusterSize(
    program
      .command('detection')
      .description(
        'measure how fast BFD removes the next hop of a paused LB, then count failures found under full load; exit code 1 if the median is late or there is one',
      ),
    4,
    4,
  )
    .addOption(only())
    .addOption(number('--rounds <n>', 'pauses of an LB, per setting of the timers', whole(), 10))
    .addOption(
      number(
        '--seconds <n>',
        'length of the full load, per setting of the timers, s; 0: none; 600 for the claim',
        whole(86_400, 0),
        60,
      ),
    )
    .addOption(number('--connections <n>', 'connections of the full load', whole(10_000), 64))
    .action(async (options: DetectionOptions) => {
      const { detection } = await import('./detection/detection.js')
      await detection(options)
    })
}

function oracle(program: Command): void {
  program
    .command('oracle')
    .description(
      'compare predictions with outcomes: an LB is killed and returns, for each selection, 4 and 8 LBs; exit code 1 if they differ',
    )
    .addOption(only())
    .addOption(number('--flows <n>', 'TCP connections of each cluster, 10 to 20000', whole(20_000, 10), 1_000))
    .action(async (options: OracleOptions) => {
      const { compareOracle } = await import('./oracle/oracle.js')
      await compareOracle(options)
    })
}

function impaired(program: Command): void {
  program
    .command('tcp-impaired')
    .description("compare the goodput of the fabric's TCP over impaired paths with the kernel's")
    .addOption(only())
    .addOption(seconds(10))
    .addOption(number('--seeds <n>', 'transfers of each path, 1 to 20', whole(20), 3))
    .option('--no-kernel', "leave the kernel's TCP out: no real time is spent")
    .action(async (options: TcpImpairedOptions) => {
      const { tcpImpaired } = await import('./tcp-impaired/tcp-impaired.js')
      await tcpImpaired(options)
    })
}

function simulation(program: Command): void {
  program
    .command('simulate')
    .description('run simulated clusters under random faults, a seed each; exit code 1 if an invariant is violated')
    .addOption(number('--seeds <n>', 'number of seeds', whole(1_000_000), 1_000))
    .addOption(number('--from <seed>', 'first seed', whole(2 ** 31), 1))
    .action(async (options: SimulateOptions) => {
      const { simulate } = await import('./simulate/simulate.js')
      await simulate(options)
    })
}

function soak(program: Command): void {
  program
    .command('soak')
    .description(
      'run random faults under load; exit code 1 if anything is left behind or a bystander loses its connection',
    )
    .addOption(only())
    .addOption(number('--seconds <n>', 'length of the run, s', positive(86_400), 600))
    .addOption(number('--seed <n>', 'seed of the sequence of faults', positive(2 ** 32 - 1), 1))
    .action(async (options: SoakOptions) => {
      const { soak } = await import('./soak/soak.js')
      await soak(options)
    })
}

function micro(program: Command): void {
  program
    .command('micro')
    .description('measure functions that run per packet')
    .addOption(only())
    .addOption(rounds(7))
    .action(async (options: MicroBenchOptions) => {
      const { microBenches } = await import('./micro/micro-benches.js')
      await microBenches(options)
    })
}

function clusterSize(command: Command, lbs: number, backends: number): Command {
  return command
    .addOption(number('--lbs <n>', 'LBs of the cluster', whole(), lbs))
    .addOption(number('--backends <n>', 'backends of the cluster', whole(), backends))
}

function only(): Option {
  return new Option('--only <part>', 'run only items with this in their names; may be repeated')
    .argParser((part: string, parts: readonly string[]) => [...parts, part])
    .default([], 'all')
}

function seconds(byDefault: number): Option {
  return number('--seconds <n>', 'length of the measured load in each segment, s', positive(), byDefault)
}

function rounds(byDefault: number): Option {
  return number('--rounds <n>', 'number of measured rounds', whole(), byDefault)
}

function tool(name: string): Option {
  return new Option(`--${name} <file>`, `path of ${name}, if it is not on the PATH`).default(name)
}

function number(flags: string, description: string, parse: Parse, byDefault: number): Option {
  return new Option(flags, description).argParser(parse).default(byDefault)
}

function positive(max = 1_000): Parse {
  return (text) => {
    const value = Number(text)
    if (value > 0 && value <= max) return value
    throw new InvalidArgumentError(`A number above 0, at most ${max}, is needed.`)
  }
}

function whole(max = 1_000, min = 1): Parse {
  return (text) => {
    const value = Number(text)
    if (text !== '' && Number.isInteger(value) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`A whole number from ${min} to ${max} is needed.`)
  }
}
