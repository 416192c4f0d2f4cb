/** BGP on real TCP connections, and BFD on real UDP sockets. */

export type { BfdAuthentication, BfdDirection, BfdFilter, BfdPeer, BfdSettings } from './bfd/bfd-peer.js'
export { BfdSpeaker, type BfdSpeakerOptions } from './bfd/bfd-speaker.js'
export { type Connection, type ConnectionHandlers, type Dial, type DialTarget, dialSocket } from './connection.js'
export type { RefusedConnection } from './refused-connections.js'
export type { BfdSessionStatus, BfdSpeakerStatus } from './schemas.js'
export { SessionHappenings } from './session-happenings.js'
export type { SpeakerError, SpeakerRefusedPrefix, SpeakerSession } from './session-status.js'
export { Speaker, type SpeakerNeighbor, type SpeakerOptions, type SpeakerRefusals } from './speaker.js'
