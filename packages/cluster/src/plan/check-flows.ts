import type { EdgeChecksConfig } from '@fivetuple/switch'
import type { ClusterConfig } from '../config/cluster-config.js'
import { CHECK_PORTS } from '../config/limits.js'
import { numbered } from '../config/resolve.js'
import type { AddressPlan } from './address-plan.js'

/** Usual number of flows that one check of one LB has at the edge at once. */
const FLOWS_PER_CHECK = 4

/**
 * Plans the flows of the TCP checks of backends. An LB makes each check once at a time. Ended flows
 * rest in TIME-WAIT, and checks are several times as frequent while results are in doubt.
 */
export function planChecks(config: ClusterConfig, addresses: AddressPlan): EdgeChecksConfig {
  const checks = new Set(
    config.vips.flatMap(({ health: { check }, backends }) =>
      check === null || check.type === 'udp' ? [] : backends.map((name) => `${name} ${JSON.stringify(check)}`),
    ),
  )
  return {
    flows: FLOWS_PER_CHECK * checks.size * config.lbs,
    sources: numbered('lb', config.lbs).map((lb, i) => ({
      address: addresses.bip(i + 1),
      ports: checkPorts(lb, config),
    })),
  }
}

/** First and last source port of the checks of an LB: just below those of its NAT. */
export function checkPorts(lb: string, { overrides, lbSettings }: ClusterConfig): readonly [number, number] {
  const [first] = (overrides[lb] ?? lbSettings).nat.portRange
  return [first - CHECK_PORTS, first - 1]
}
