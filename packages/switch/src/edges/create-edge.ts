import type { Fabric } from '@fivetuple/edge'
import type { Clock, Logger } from '@fivetuple/runtime'
import type { ClientEdgeConfig, ServerEdgeConfig } from '../config.js'
import { createClientEdge } from './create-client-edge.js'
import { createServerEdge } from './create-server-edge.js'
import type { EdgePlace, SwitchEdge } from './switch-edge.js'

/** Creates the configured edge: towards clients or towards servers. */
export function createEdge(
  config: ClientEdgeConfig | ServerEdgeConfig,
  place: EdgePlace,
  fabric: Fabric,
  clock: Clock,
  log: Logger,
): SwitchEdge {
  return config.kind === 'client'
    ? createClientEdge(config, place, fabric, clock)
    : createServerEdge(config, place, fabric, clock, log)
}
