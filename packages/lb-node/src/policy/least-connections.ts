import { isLessLoaded } from './load.js'
import type { BackendPolicy } from './policy.js'

/**
 * The backend with the fewest sessions for its weight. Backends that are equal have their turns:
 * each flow begins to look at another one.
 */
export const leastConnections: BackendPolicy = {
  name: 'least-connections',
  pick(_flow, { backends, flowNumber }) {
    const { length } = backends
    let best = -1
    for (let i = 0; i < length; i++) {
      const candidate = (flowNumber + i) % length
      if (!backends[candidate]!.eligible) continue
      if (best === -1 || isLessLoaded(backends[candidate]!, backends[best]!)) best = candidate
    }
    return best
  },
}
