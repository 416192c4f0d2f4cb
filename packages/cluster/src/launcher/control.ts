import type { ClusterControl, EventsControl } from '../operations/control.js'
import { Drains } from './actions/drains.js'
import { explainFlow } from './actions/explain.js'
import { listFlows } from './actions/flows.js'
import { predictOutcomes } from './actions/predict.js'
import { listPredictions } from './actions/predictions.js'
import { Roles } from './actions/roles.js'
import { lbSessions } from './actions/sessions.js'
import { clusterStatus } from './actions/status.js'
import { Vips } from './actions/vips.js'
import type { FaultControl } from './faults/fault-control.js'
import type { LauncherParts } from './parts.js'

/**
 * Returns what a launcher offers to operations.
 *
 * @param faults that it injects and clears
 */
export function clusterControl(parts: LauncherParts, faults: FaultControl, events: EventsControl): ClusterControl {
  const drains = new Drains(parts)
  return {
    author: 'api',
    events,
    status: {
      status: () => clusterStatus(parts),
      explain: (client, vip, protocol) => explainFlow(parts, client, vip, protocol),
      evenness: async (request) => (await import('./actions/evenness.js')).flowEvenness(parts, request),
      sessions: (lb, vip, limit) => lbSessions(parts, lb, vip, limit),
    },
    oracle: {
      predict: (change, selection) => predictOutcomes(parts, change, selection),
      predictions: (limit) => listPredictions(parts, limit),
    },
    vips: new Vips(parts),
    drains,
    roles: new Roles(parts, faults, drains),
    faults,
    flows: { list: (query) => listFlows(parts, query) },
  }
}
