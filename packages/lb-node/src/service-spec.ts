import { IpProtocol, parseIpv4 } from '@fivetuple/packet'
import type { LbServiceConfig } from './config.js'
import { BACKEND_POLICIES } from './policy/registry.js'
import type { ServiceSpec } from './service.js'

/** What the data plane is told of a service that a configuration describes. */
export function serviceSpec(config: LbServiceConfig): ServiceSpec {
  return {
    name: config.name,
    address: parseIpv4(config.address)!,
    port: config.port,
    protocol: config.protocol === 'tcp' ? IpProtocol.TCP : IpProtocol.UDP,
    policy: BACKEND_POLICIES[config.policy](),
    limits: config.limits,
    tellsClient: config.tellsClient,
    lastResort: config.health.noBackend === 'last-resort',
    backends: config.backends.map(({ name, address, port, weight }) => ({
      name,
      address: parseIpv4(address)!,
      port,
      weight,
    })),
  }
}
