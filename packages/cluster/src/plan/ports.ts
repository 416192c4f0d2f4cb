/** Where LBs plug their cables into the uplink switch, TCP. */
export const UPLINK_CABLE_PORT = 4_701
/** Where LBs plug their cables into the downlink switch, TCP. */
export const DOWNLINK_CABLE_PORT = 4_702
/** Held for as long as a cluster runs, so that no other one takes its block. */
export const RESERVATION_PORT = 4_700
/** Control API of the launcher. */
export const API_PORT = 7_070
/** Backends that we start. */
export const BACKEND_PORT = 8_080
