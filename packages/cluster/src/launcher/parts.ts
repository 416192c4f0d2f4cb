import type { ClusterPlan } from '../plan/plan.js'
import type { ClusterView } from './cluster-view.js'
import type { LinkFlaps } from './faults/link-flaps.js'
import type { LinkImpairments } from './faults/link-impairments.js'
import type { Links } from './faults/links.js'
import type { FlowCollector } from './flows/flow-collector.js'
import type { LbFleet } from './lb-fleet.js'
import type { EventPredictions } from './oracle/event-predictions.js'
import type { Recovery } from './recovery.js'
import type { RoleClients } from './role-contracts.js'
import type { Supervisor } from './supervisor.js'

/** Parts of a launcher that actions and faults use. Each takes only those that it needs. */
export interface LauncherParts {
  readonly plan: ClusterPlan
  readonly supervisor: Supervisor
  readonly roles: RoleClients
  readonly fleet: LbFleet
  readonly links: Links
  readonly flaps: LinkFlaps
  readonly impairments: LinkImpairments
  readonly view: ClusterView
  readonly recovery: Recovery
  /** undefined: flows are not recorded. */
  readonly flows: FlowCollector | undefined
  readonly predictions: EventPredictions
}
