/** Captured packets as pcapng. Pure: it opens no file and reads no clock. */
export { BlockBuffer } from './block-buffer.js'
export { type CapturedPacket, CaptureQueue, type CaptureQueueCounters } from './capture-queue.js'
export { type FlowFilter, filterMatches, parseFlowFilter } from './flow-filter.js'
export {
  type Direction,
  type Interface,
  type InterfaceStatistics,
  type PacketNotes,
  type Section,
  writeInterface,
  writePacket,
  writeSection,
  writeStatistics,
} from './pcapng.js'
export { PcapngWriter } from './pcapng-writer.js'
export { type Timestamp, timestamp, timestampOfMs } from './timestamp.js'
