/** BGP-4 (RFC 4271) without I/O: codec, session machine, routing information bases. */
export { AdjRibOut, type OriginatedRoute } from './adj-rib-out.js'
export { keptConnection } from './collision.js'
export {
  AS_TRANS,
  AttributeFlag,
  AttributeType,
  CeaseSubcode,
  ErrorCode,
  HEADER_BYTES,
  MESSAGE_MAX_BYTES,
  MessageType,
  Origin,
  SegmentType,
} from './constants.js'
export { type BgpError, bgpError, type Decoded, formatNotification } from './errors.js'
export { encodeKeepalive, encodeMessage, type Frame, MessageFramer } from './message.js'
export { readNlri, writeNlri } from './nlri.js'
export { decodeNotification, encodeNotification, type Notification } from './notification.js'
export { decodeOpen, encodeOpen, IPV4_UNICAST, type Open } from './open.js'
export {
  type AsSegment,
  asPathLength,
  decodeAttributes,
  encodeAttributes,
  type PathAttributes,
} from './path-attributes.js'
export { bestPaths, Rib, type RibChange, type RibNeighbor, type RibPath, type RibRoute } from './rib.js'
export {
  BgpSession,
  type SessionConfig,
  type SessionCounters,
  type SessionInput,
  type SessionOutput,
} from './session.js'
export { SESSION_EVENT_NAMES, SESSION_STATE_NAMES, SessionEvent, SessionState, TRANSITIONS } from './transitions.js'
export { decodeUpdate, encodeAnnouncements, encodeEndOfRib, encodeWithdrawals, type Update } from './update.js'
