import { flowBudgets } from '@fivetuple/switch'
import { planCluster } from '../plan/plan.js'
import { DEFAULTS } from './defaults.js'
import type { WarningRule } from './warnings.js'

/** Number of flows below which a default configuration is not useful. */
const FLOWS_EXPECTED = 500
const NO_KEY = '00'.repeat(32)

/**
 * Makes a rule that warns if there are more flows than descriptors in the processes of a switch.
 * @param descriptors limit of one process of this machine
 */
export function warnOfDescriptors(descriptors: number): WarningRule {
  return (config, document, warn) => {
    const plan = planCluster(config, config.block === 'auto' ? DEFAULTS.block : config.block, NO_KEY)
    const { lineCards } = config
    const wanted = document.edge?.maxFlows ?? FLOWS_EXPECTED
    const { maxFlows } = config.edge
    const budgets = flowBudgets(plan.downlink, descriptors, lineCards)
    const [tcp, udp] = [budgets.tcp * lineCards, budgets.udp * lineCards]
    const has = (wantedProtocol: 'tcp' | 'udp'): boolean =>
      config.vips.some(({ protocol }) => protocol === wantedProtocol)
    const rooms = [
      ...(has('tcp') ? [{ flows: tcp, name: 'TCP' }] : []),
      ...(has('udp') ? [{ flows: udp, name: 'UDP' }] : []),
    ]
    const least = Math.min(...rooms.map(({ flows }) => flows))
    if (least >= wanted) return
    const room = `${rooms.map(({ flows, name }) => `${flows} ${name}`).join(' and ')} flows`
    warn(
      ['edge', 'maxFlows'],
      `is ${maxFlows}, but a process may have ${descriptors} file descriptors here, which is room for ${room}`,
      `raise the hard limit ('ulimit -Hn', LimitNOFILE=), or set maxFlows to ${Math.max(least, 1)}`,
    )
  }
}
