import { IpProtocol, parseIpv4 } from '@fivetuple/packet'
import type { LbServiceConfig } from '../config.js'
import type { ServiceKey, ServiceSpec } from '../data-plane/service.js'
import { BACKEND_POLICIES } from '../policy/registry.js'

/** Returns the key of a service in the data plane. */
export function serviceKey({ address, port, protocol }: LbServiceConfig): ServiceKey {
  return {
    address: parseIpv4(address)!,
    port,
    protocol: protocol === 'tcp' ? IpProtocol.TCP : IpProtocol.UDP,
  }
}

/** Returns a configured service as the data plane needs it. */
export function serviceSpec(config: LbServiceConfig): ServiceSpec {
  return {
    ...serviceKey(config),
    name: config.name,
    policy: BACKEND_POLICIES[config.policy].create(),
    limits: config.limits,
    clientAddress: config.clientAddress,
    panic: {
      panicThreshold: config.health.panicThreshold,
      panicsWhenDown: config.health.noBackend === 'panic',
    },
    backends: config.backends.map(({ name, address, port, weight }) => ({
      name,
      address: parseIpv4(address)!,
      port,
      weight,
    })),
  }
}
