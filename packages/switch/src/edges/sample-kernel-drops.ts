import { KernelDrops, type OverflowedSocket } from '@fivetuple/runtime'

/**
 * Interval at which drops of the kernel are read, besides in each status: a socket that has closed
 * shows its drops no more.
 */
const KERNEL_DROPS_MS = 10_000

/**
 * Samples what the kernel drops at sockets, from now on.
 * @param isInUse false while there is no socket that could drop anything
 */
export function sampleKernelDrops(isInUse: () => boolean, count: (socket: OverflowedSocket, drops: number) => void) {
  const kernel = new KernelDrops()
  void kernel.sample(count) // what was dropped before is not counted
  const timer = setInterval(() => {
    if (isInUse()) void kernel.sample(count)
  }, KERNEL_DROPS_MS)
  return {
    sample: async (): Promise<void> => {
      if (isInUse()) await kernel.sample(count)
    },
    close: (): void => clearInterval(timer),
  }
}
