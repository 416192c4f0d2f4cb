import type { BackendPolicy } from './policy.js'

/** One backend after the other; those that are not eligible are passed over. */
export const roundRobin: BackendPolicy = {
  name: 'round-robin',
  pick(_flow, { backends, flowNumber }) {
    let eligible = 0
    for (let i = 0; i < backends.length; i++) if (backends[i]!.eligible) eligible++
    if (eligible === 0) return -1
    let turn = flowNumber % eligible
    for (let i = 0; ; i++) if (backends[i]!.eligible && turn-- === 0) return i
  },
}
