import { murmur3 } from '@fivetuple/packet'
import type { BackendPolicy } from './policy.js'

const TWO_32 = 2 ** 32

/**
 * All flows of a client address to the same backend, by the highest random weight (Thaler and
 * Ravishankar 1998; weights as in Mosharaf and others, score -w / ln h). When a backend goes only
 * its clients move, and each LB decides alike.
 */
export const sourceHash: BackendPolicy = {
  name: 'source-hash',
  pick({ clientAddress }, { backends }) {
    let best = -1
    let highest = Number.NEGATIVE_INFINITY
    for (let i = 0; i < backends.length; i++) {
      const { eligible, weight, address, port } = backends[i]!
      if (!eligible) continue
      const hash = (murmur3(clientAddress, address, port, 0, 0, 0) + 0.5) / TWO_32
      const score = -weight / Math.log(hash)
      if (score > highest) {
        highest = score
        best = i
      }
    }
    return best
  },
}
