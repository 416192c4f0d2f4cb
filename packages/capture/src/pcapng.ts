/**
 * Blocks of pcapng (draft-ietf-opsawg-pcapng-03), little endian. Each function appends one block.
 */
import type { BlockBuffer } from './block-buffer.js'
import type { Timestamp } from './timestamp.js'

const SECTION_HEADER = 0x0a0d0d0a
const INTERFACE_DESCRIPTION = 1
const INTERFACE_STATISTICS = 5
const ENHANCED_PACKET = 6

const BYTE_ORDER_MAGIC = 0x1a2b3c4d
/** Raw IPv4 packets without a link header. */
const LINKTYPE_IPV4 = 228
/** Resolution of timestamps: 10^-9 s. */
const NANOSECONDS = 9

const OPT_END = 0
const OPT_COMMENT = 1
const SHB_HARDWARE = 2
const SHB_OS = 3
const SHB_USERAPPL = 4
const IF_NAME = 2
const IF_DESCRIPTION = 3
const IF_TSRESOL = 9
const EPB_FLAGS = 2
const EPB_DROPCOUNT = 4
const EPB_PACKETID = 5
const EPB_VERDICT = 7
const ISB_STARTTIME = 2
const ISB_ENDTIME = 3
const ISB_IFRECV = 4
const ISB_IFDROP = 5
const ISB_FILTERACCEPT = 6
const ISB_OSDROP = 7

/** Program that captured. */
export interface Section {
  /** As in `fivetuple 0.2.0`. */
  readonly application: string
  readonly os: string
  readonly hardware: string
  readonly comment?: string
}

/** Link and direction whose packets follow. */
export interface Interface {
  /** As in `lb-2 uplink in`. */
  readonly name: string
  readonly description: string
}

/** Direction of a packet as the node at whose port it was captured has it (epb_flags, bits 0-1). */
export type Direction = 'in' | 'out'

/** Options of a packet: facts besides its bytes. */
export interface PacketNotes {
  readonly direction?: Direction
  /** One option each, as in `NAT: 127.20.100.7:41234 → 127.20.2.3:20017`. */
  readonly comments?: readonly string[]
  /** Cause of a drop; tshark shows it as the verdict of the packet. */
  readonly dropCause?: string
  /** Number that all captures of one packet share. Below 2^53. */
  readonly packetId?: number
  /** Captured copies that were lost on this interface since the packet before. */
  readonly lostBefore?: number
}

/** Counters of an interface at the end of a capture. */
export interface InterfaceStatistics {
  readonly from: Timestamp
  readonly to: Timestamp
  /** Packets that passed. */
  readonly received: number
  /** Packets that the filter accepted. */
  readonly accepted: number
  /** Captured copies that were lost since the reader was slow. */
  readonly lost: number
  /** Packets that the link dropped. */
  readonly dropped: number
}

/** Appends the head of a section, with which a file begins. */
export function writeSection(b: BlockBuffer, { application, os, hardware, comment }: Section): void {
  const block = b.begin(SECTION_HEADER)
  b.u32(BYTE_ORDER_MAGIC)
  b.u16(1)
  b.u16(0)
  b.u32(0xffff_ffff) // the length of the section is not known
  b.u32(0xffff_ffff)
  if (comment !== undefined) b.textOption(OPT_COMMENT, comment)
  b.textOption(SHB_HARDWARE, hardware)
  b.textOption(SHB_OS, os)
  b.textOption(SHB_USERAPPL, application)
  endOptions(b)
  b.end(block)
}

/** Appends an interface. Interfaces are numbered in their order, from 0. */
export function writeInterface(b: BlockBuffer, { name, description }: Interface): void {
  const block = b.begin(INTERFACE_DESCRIPTION)
  b.u16(LINKTYPE_IPV4)
  b.u16(0)
  b.u32(0) // no limit of length
  b.textOption(IF_NAME, name)
  b.textOption(IF_DESCRIPTION, description)
  b.option(IF_TSRESOL, 1)
  b.u8(NANOSECONDS)
  b.pad()
  endOptions(b)
  b.end(block)
}

/**
 * Appends a packet.
 *
 * @param id number of its interface
 * @param length length on the link, bytes; more than was captured if it was cut
 */
export function writePacket(
  b: BlockBuffer,
  id: number,
  at: Timestamp,
  packet: Uint8Array,
  length: number,
  notes: PacketNotes,
): void {
  const block = b.begin(ENHANCED_PACKET)
  b.u32(id)
  b.u32(at.high)
  b.u32(at.low)
  b.u32(packet.length)
  b.u32(length)
  b.bytes(packet)
  b.pad()
  writeNotes(b, notes)
  b.end(block)
}

function writeNotes(b: BlockBuffer, { direction, comments, dropCause, packetId, lostBefore }: PacketNotes): void {
  const before = b.length
  for (const comment of comments ?? []) b.textOption(OPT_COMMENT, comment)
  if (dropCause !== undefined) b.textOption(OPT_COMMENT, `dropped: ${dropCause}`)
  if (direction !== undefined) {
    b.option(EPB_FLAGS, 4)
    b.u32(direction === 'in' ? 1 : 2)
  }
  if (lostBefore !== undefined && lostBefore > 0) {
    b.option(EPB_DROPCOUNT, 8)
    b.u64(lostBefore)
  }
  if (packetId !== undefined) {
    b.option(EPB_PACKETID, 8)
    b.u64(packetId)
  }
  if (dropCause !== undefined) {
    b.option(EPB_VERDICT, 9)
    b.u8(0) // a verdict of the hardware; its meaning is ours
    b.u64(1)
    b.pad()
  }
  if (b.length > before) endOptions(b)
}

/** Appends the counters of an interface, with which its packets end. */
export function writeStatistics(b: BlockBuffer, id: number, counters: InterfaceStatistics): void {
  const block = b.begin(INTERFACE_STATISTICS)
  b.u32(id)
  b.u32(counters.to.high)
  b.u32(counters.to.low)
  for (const [code, { high, low }] of [
    [ISB_STARTTIME, counters.from],
    [ISB_ENDTIME, counters.to],
  ] as const) {
    b.option(code, 8)
    b.u32(high)
    b.u32(low)
  }
  for (const [code, value] of [
    [ISB_IFRECV, counters.received],
    [ISB_IFDROP, counters.dropped],
    [ISB_FILTERACCEPT, counters.accepted],
    [ISB_OSDROP, counters.lost],
  ] as const) {
    b.option(code, 8)
    b.u64(value)
  }
  endOptions(b)
  b.end(block)
}

function endOptions(b: BlockBuffer): void {
  b.option(OPT_END, 0)
}
