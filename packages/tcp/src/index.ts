/** Subset of RFC 9293 as a machine without I/O: one object per connection end. */
export { TcpEndpoint } from './endpoint.js'
export { TcpEvent } from './events.js'
export { type TcpOptions, tcpOptions } from './options.js'
export { writeResetFor } from './reset.js'
export type { SegmentOutput } from './segment-output.js'
export { TCP_STATE_NAMES, TcpState } from './state.js'
