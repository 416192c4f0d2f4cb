import { parsePrefix } from '@fivetuple/packet'
import { DOWNLINK_CABLE_PORT, UPLINK_CABLE_PORT } from '../plan/ports.js'
import type { ClusterConfig } from './cluster-config.js'
import type { ConfigPath, Report } from './config-error.js'

/** Reports routing settings with which no session can be established. */
export function checkBgp(config: ClusterConfig, report: Report): void {
  const { port, holdTime, switchAs, downlinkAs, lbAs, nextHops } = config.bgp
  if (port === UPLINK_CABLE_PORT || port === DOWNLINK_CABLE_PORT)
    report(['bgp', 'port'], `${port} is where LBs plug in their cables`, 'choose another one, such as 1790')
  checkHoldTime(holdTime, ['bgp', 'holdTime'], report)
  if (lbAs === switchAs || lbAs === downlinkAs)
    report(['bgp', 'lbAs'], `${lbAs} is the AS of a switch too`, 'sessions are external BGP: choose another AS number')
  if (nextHops !== null && 2 ** (32 - (parsePrefix(nextHops)?.length ?? 32)) <= config.lbs + 1)
    report(
      ['bgp', 'nextHops'],
      `${nextHops} is no prefix with an address for each LB`,
      'clear the bits beyond its length, or choose a shorter one',
    )
}

/** Reports a hold time that RFC 4271 §4.2 does not allow. @param holdTime s */
export function checkHoldTime(holdTime: number, path: ConfigPath, report: Report): void {
  if (!Number.isInteger(holdTime) || (holdTime !== 0 && holdTime < 3) || holdTime > 65_535)
    report(path, `is ${holdTime} s`, 'it must be 0, or 3s to 65535s in whole seconds')
}
