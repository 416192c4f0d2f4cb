/**
 * Number of hosts in the last octet of an address, without the addresses of the network and of
 * broadcasts.
 */
export const MAX_NODES = 250
/** One address each in four /24s, without .0 and .255. */
export const MAX_VIPS = 1_016
/** VRIDs are 8 bits, and 0 is none (RFC 9568 §5.2.3). */
export const MAX_STANDBY_VIPS = 255
/** 250 backends and 1,016 VIPs with a comment each take about 200 KiB. */
export const MAX_CONFIG_BYTES = 256 * 1024
/**
 * Each card costs a process per switch and two connections per LB. Beyond the number of cores there
 * is no gain.
 */
export const MAX_LINE_CARDS = 16
/** As DNS labels, RFC 1035 §2.3.4. */
export const MAX_NAME_LENGTH = 63
/** RFC 6793 §2; 0 and the largest are reserved by RFC 7607 and RFC 7300. */
export const MAX_AS = 4_294_967_294
/** About 64 bytes each in an LB's tables. */
export const MAX_SESSIONS = 16_777_216
/**
 * Sixteen full windows without window scaling (RFC 7323 §2.2 allows 1 GiB): the most that one slow
 * reader retains.
 */
export const MAX_WINDOW_BYTES = 64 * 1024 * 1024
/** Smaller than the headers and data of one jumbo segment, no progress is possible. */
export const MIN_WINDOW_BYTES = 4_096
/** Sockets per process that a raised limit of open files permits. */
export const MAX_FLOWS = 1_000_000
/** An event takes about 400 bytes in the launcher. */
export const MAX_KEPT_EVENTS = 1_000_000
/** A flow record takes about 400 bytes in the launcher. */
export const MAX_KEPT_FLOWS = 5_000_000
/** Longest duration that is useful for any timer. */
export const MAX_DURATION_MS = 7 * 24 * 3_600_000
/**
 * Shortest and longest interval of BFD, ms. Below, the scheduling of processes on a busy machine
 * looks like a failure.
 */
export const BFD_INTERVAL_MIN_MS = 50
export const BFD_INTERVAL_MAX_MS = 60_000
/** As in FRR; with 1, a single lost packet would be a failure. The field has 8 bits. */
export const BFD_MULTIPLIER_MIN = 2
export const BFD_MULTIPLIER_MAX = 255
/** Shorter detection times are valid, with a warning. */
export const BFD_DETECTION_TIME_WARN_MS = 3 * BFD_INTERVAL_MIN_MS
/** Resolution of the timers. */
export const MIN_DURATION_MS = 10
/** About as in IPVS and Envoy. */
export const MAX_WEIGHT = 256
/** More than any LB here can carry: no limit. */
export const MAX_RATE = 10_000_000
/** Number of source ports for the health checks of an LB, just below the range of its NAT. */
export const CHECK_PORTS = 2_048
/** Most entries of faults of links in a file. */
export const MAX_LINK_FAULTS = 1_000
