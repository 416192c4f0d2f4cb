/** Where LBs plug their cables into the uplink switch, TCP. */
export const UPLINK_CABLE_PORT = 4_701
/** Where LBs plug their cables into the downlink switch, TCP. */
export const DOWNLINK_CABLE_PORT = 4_702
/** Control API of the launcher. */
export const API_PORT = 7_070
/** Backends that we start. */
export const BACKEND_PORT = 8_080
/** Advertisements between LBs, on their router addresses, where one carries the VIPs at a time. */
export const VRRP_PORT = 1112
