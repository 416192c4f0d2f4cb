/** Size of cluster, or number of flows, that is measured. */
export interface ScalePoint {
  /** Axis: what grows. */
  readonly axis: 'lbs' | 'vips' | 'flows'
  readonly name: string
  /** Position on the axis. */
  readonly value: number
  readonly lbs: number
  readonly vips: number
  /** Idle connections beside those of the load. */
  readonly idle: number
}

const LBS = [1, 2, 4, 8, 16, 32, 64]
const VIPS = [1, 10, 100, 1_000]
const FLOWS = [100, 1_000, 10_000, 100_000]
/** Connections of the load that all points share: enough for batches on each of 32 cables. */
export const CONNECTIONS = 256
const DEFAULT_LBS = 4
/** Open files of a switch besides its flows. */
const SPARE_FILES = 500

/**
 * Returns the points along each axis. The other quantities are as small as possible.
 *
 * @param files limit of open files of a process: each flow needs one in either switch
 */
export function scalePoints(files: number): { readonly points: ScalePoint[]; readonly leftOut: ScalePoint[] } {
  const all: ScalePoint[] = [
    ...LBS.map((value) => point('lbs', value, { lbs: value })),
    ...VIPS.map((value) => point('vips', value, { vips: value })),
    ...FLOWS.map((value) => point('flows', value, { idle: Math.max(value - CONNECTIONS, 0) })),
  ]
  const fits = ({ idle }: ScalePoint): boolean => idle + CONNECTIONS + SPARE_FILES <= files
  return { points: all.filter(fits), leftOut: all.filter((one) => !fits(one)) }
}

function point(
  axis: ScalePoint['axis'],
  value: number,
  sizes: Partial<Pick<ScalePoint, 'lbs' | 'vips' | 'idle'>>,
): ScalePoint {
  return { axis, name: `${axis}-${value}`, value, lbs: DEFAULT_LBS, vips: 1, idle: 0, ...sizes }
}

/** Returns the configuration of a cluster of this size. */
export function scaleConfig({ lbs, vips }: ScalePoint): string {
  const names = Array.from({ length: vips }, (_, i) => `  - { name: vip-${i + 1} }`)
  return `block: auto\nlbs: ${lbs}\nbackends: 4\nvips:\n${names.join('\n')}\n`
}
