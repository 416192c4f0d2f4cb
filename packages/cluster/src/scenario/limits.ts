/** Loads of one scenario, a process each. */
export const MAX_LOADS = 8
export const MAX_EVENTS = 1_000
export const MAX_ASSERTIONS = 200
/** Requests per second of one load: more than one process can send at fixed times. */
export const MAX_RATE_PER_SECOND = 20_000
/** Keep-alive connections of one load. */
export const MAX_CONNECTIONS = 5_000
/** Requests of one load that are kept until the report. */
export const MAX_REQUESTS = 1_000_000
/** Longest scenario, ms. */
export const MAX_DURATION_MS = 3_600_000
