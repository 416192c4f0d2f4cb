import { tcpOptions } from '@fivetuple/tcp'
import { environment, writeReport } from '../report.js'
import { selected } from '../select.js'
import { median } from '../statistics.js'
import { figure, renderTable } from '../table.js'
import { IMPAIRED_PATHS, type ImpairedPath } from './cases.js'
import { kernelObstacle, kernelTransfer } from './kernel-transfer.js'
import { virtualTransfer } from './virtual-transfer.js'

export interface TcpImpairedOptions {
  /** Length of each transfer, s. */
  readonly seconds: number
  /** Transfers of each path, each with a seed of its own. */
  readonly seeds: number
  readonly only: readonly string[]
  /** False: the kernel's TCP is left out. */
  readonly kernel: boolean
}

/** Segment of both sides: a packet of 1,500 bytes less headers and the kernel's timestamps. */
const SEGMENT_BYTES = 1_448
const KERNEL_MTU = 1_500

const CONTROLS = [
  { ours: 'cubic', kernels: 'cubic' },
  { ours: 'new-reno', kernels: 'reno' },
] as const

interface Comparison {
  readonly path: string
  readonly control: string
  /** Medians, bytes/s. */
  readonly ours: number
  readonly kernels: number | undefined
  readonly retransmittedShare: number
  /** Mean time by which the kernel's packets were delivered too late, ms. */
  readonly lateMs: number | undefined
}

/** Compares the goodput of the fabric's TCP over impaired paths with the kernel's. */
export async function tcpImpaired({ seconds, seeds, only, kernel }: TcpImpairedOptions): Promise<void> {
  const at = environment()
  const obstacle = kernel ? kernelObstacle() : 'left out'
  if (obstacle !== undefined) process.stderr.write(`The kernel's TCP is not measured: ${obstacle}\n`)
  const comparisons: Comparison[] = []
  for (const path of selected(IMPAIRED_PATHS, only)) {
    process.stderr.write(`${path.name} ...\n`)
    for (const { ours, kernels } of CONTROLS) {
      const options = tcpOptions({ mss: SEGMENT_BYTES, congestionControl: ours })
      const transfers = numbers(seeds).map((seed) => virtualTransfer(path, options, seed, seconds))
      const relayed = obstacle === undefined ? await ofKernel(path, kernels, seeds, seconds) : undefined
      comparisons.push({
        path: path.name,
        control: ours,
        ours: median(transfers.map(({ bytesPerSecond }) => bytesPerSecond)),
        kernels: relayed && median(relayed.map(({ bytes }) => bytes / seconds)),
        lateMs: relayed && median(relayed.map(({ lateMs }) => lateMs)),
        retransmittedShare: median(transfers.map(({ retransmittedShare }) => retransmittedShare)),
      })
    }
  }
  process.stdout.write(`\n${render(comparisons)}\n`)
  process.stdout.write(`written to ${writeReport('tcp-impaired', at, { seconds, seeds, comparisons })}\n`)
}

async function ofKernel(path: ImpairedPath, congestionControl: string, seeds: number, seconds: number) {
  return Promise.all(
    numbers(seeds).map((seed) => kernelTransfer({ path, congestionControl, seed, seconds, mtu: KERNEL_MTU })),
  )
}

function numbers(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1)
}

function render(comparisons: readonly Comparison[]): string {
  const head = ['path', 'control', 'ours kB/s', 'kernel kB/s', 'ours / kernel', 'retransmitted %', 'relay late ms']
  const rows = comparisons.map(({ path, control, ours, kernels, retransmittedShare, lateMs }) => [
    path,
    control,
    figure(ours / 1_000),
    figure(kernels === undefined ? undefined : kernels / 1_000),
    figure(kernels === undefined ? undefined : ours / kernels),
    figure(100 * retransmittedShare),
    figure(lateMs),
  ])
  return renderTable([head, ...rows])
}
