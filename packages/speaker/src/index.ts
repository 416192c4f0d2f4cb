/** A BGP speaker on real TCP connections. */
export { type Connection, type ConnectionHandlers, type Dial, type DialTarget, dialSocket } from './connection.js'
export type { RefusedConnection } from './refused-connections.js'
export type { SpeakerError, SpeakerRefusedPrefix, SpeakerSession } from './session-status.js'
export { Speaker, type SpeakerNeighbor, type SpeakerOptions, type SpeakerRefusals } from './speaker.js'
