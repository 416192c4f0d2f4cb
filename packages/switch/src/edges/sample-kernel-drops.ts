import { KernelDrops, type OverflowedSocket } from '@fivetuple/runtime'

/**
 * Interval at which drops of the kernel are read, besides at each status request: the drops of a
 * closed socket can't be read any more.
 */
const KERNEL_DROPS_MS = 10_000

/**
 * Starts to sample the kernel's drops at sockets.
 * @param isInUse returns false while there is no socket that could drop datagrams
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
