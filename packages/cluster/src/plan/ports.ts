/** TCP port of the uplink switch for the cables of LBs. */
export const UPLINK_CABLE_PORT = 4_701
/** TCP port of the downlink switch for the cables of LBs. */
export const DOWNLINK_CABLE_PORT = 4_702
/** Port of the control API of the launcher. */
export const API_PORT = 7_070
/** Port of the backends that the launcher starts. */
export const BACKEND_PORT = 8_080
/**
 * Port of advertisements between LBs, on their router addresses, if one LB at a time carries the
 * VIPs.
 */
export const VRRP_PORT = 1112
