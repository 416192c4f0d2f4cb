/** Numbers of RFC 4271 and its companions, by their names there. */

export const BGP_VERSION = 4
/** RFC 4271 §4.1 */
export const HEADER_BYTES = 19
export const MARKER_BYTES = 16
export const MESSAGE_MAX_BYTES = 4096
/** AS number that replaces one of four octets where only two fit (RFC 6793 §2). */
export const AS_TRANS = 23_456

export const MessageType = { OPEN: 1, UPDATE: 2, NOTIFICATION: 3, KEEPALIVE: 4, ROUTE_REFRESH: 5 } as const

export const AttributeType = {
  ORIGIN: 1,
  AS_PATH: 2,
  NEXT_HOP: 3,
  MULTI_EXIT_DISC: 4,
  LOCAL_PREF: 5,
  ATOMIC_AGGREGATE: 6,
  AGGREGATOR: 7,
  COMMUNITIES: 8,
  MP_REACH_NLRI: 14,
  MP_UNREACH_NLRI: 15,
  AS4_PATH: 17,
  AS4_AGGREGATOR: 18,
} as const

export const AttributeFlag = { OPTIONAL: 0x80, TRANSITIVE: 0x40, PARTIAL: 0x20, EXTENDED_LENGTH: 0x10 } as const

/** ORIGIN values. The lowest is preferred (RFC 4271 §9.1.2.2 b). */
export const Origin = { IGP: 0, EGP: 1, INCOMPLETE: 2 } as const

export const SegmentType = { AS_SET: 1, AS_SEQUENCE: 2 } as const

export const CapabilityCode = { MULTIPROTOCOL: 1, ROUTE_REFRESH: 2, FOUR_OCTET_AS: 65 } as const
/** Optional parameter that carries capabilities (RFC 5492 §4). */
export const CAPABILITIES_PARAMETER = 2

export const AFI_IPV4 = 1
export const SAFI_UNICAST = 1

/** NOTIFICATION codes (RFC 4271 §4.5). */
export const ErrorCode = {
  MESSAGE_HEADER: 1,
  OPEN_MESSAGE: 2,
  UPDATE_MESSAGE: 3,
  HOLD_TIMER_EXPIRED: 4,
  FINITE_STATE_MACHINE: 5,
  CEASE: 6,
  /** RFC 9687 */
  SEND_HOLD_TIMER_EXPIRED: 8,
} as const

export const HeaderSubcode = { NOT_SYNCHRONIZED: 1, BAD_LENGTH: 2, BAD_TYPE: 3 } as const

export const OpenSubcode = {
  UNSPECIFIC: 0,
  UNSUPPORTED_VERSION: 1,
  BAD_PEER_AS: 2,
  BAD_BGP_IDENTIFIER: 3,
  UNSUPPORTED_PARAMETER: 4,
  UNACCEPTABLE_HOLD_TIME: 6,
  /** RFC 5492 §5 */
  UNSUPPORTED_CAPABILITY: 7,
} as const

export const UpdateSubcode = {
  MALFORMED_ATTRIBUTE_LIST: 1,
  UNRECOGNIZED_WELL_KNOWN: 2,
  MISSING_WELL_KNOWN: 3,
  ATTRIBUTE_FLAGS: 4,
  ATTRIBUTE_LENGTH: 5,
  INVALID_ORIGIN: 6,
  INVALID_NEXT_HOP: 8,
  OPTIONAL_ATTRIBUTE: 9,
  INVALID_NETWORK_FIELD: 10,
  MALFORMED_AS_PATH: 11,
} as const

/** Subcodes of FINITE_STATE_MACHINE (RFC 6608). */
export const FsmSubcode = { UNSPECIFIC: 0, IN_OPEN_SENT: 1, IN_OPEN_CONFIRM: 2, IN_ESTABLISHED: 3 } as const

/** Subcodes of CEASE (RFC 4486). */
export const CeaseSubcode = {
  MAX_PREFIXES: 1,
  ADMINISTRATIVE_SHUTDOWN: 2,
  PEER_DECONFIGURED: 3,
  ADMINISTRATIVE_RESET: 4,
  CONNECTION_REJECTED: 5,
  OTHER_CONFIGURATION_CHANGE: 6,
  CONNECTION_COLLISION: 7,
  OUT_OF_RESOURCES: 8,
  /** RFC 9384 */
  BFD_DOWN: 10,
} as const

/** Well-known communities that are supported. */
export const Community = {
  /** The sender is about to withdraw the route: any other path is preferred (RFC 8326). */
  GRACEFUL_SHUTDOWN: 0xffff_0000,
} as const
