/** Helpers that tests and simulations of all packages share. */
export { checkStreamDecoder, type StreamDecoderCheck } from './check-stream-decoder.js'
export { ManualClock, type Scheduled } from './manual-clock.js'
export { ManualTimer } from './manual-timer.js'
export { PacketWire } from './packet-wire.js'
export { SimulatedLink } from './simulated-link.js'
