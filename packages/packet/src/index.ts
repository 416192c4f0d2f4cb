/**
 * The fabric's vocabulary: addresses, prefixes, five-tuples, and packets as functions over bytes.
 * Pure.
 */
export { type Endpoint, formatEndpoint, formatIpv4, type Ipv4Address, parseEndpoint, parseIpv4 } from './address.js'
export { readU16, readU32, writeU16, writeU32 } from './bytes.js'
export { foldSum, internetChecksum, longDelta, sumWords, updateChecksum, wordDelta } from './checksum.js'
export { type FiveTuple, formatTuple, hasPorts, IpProtocol, protocolName, reverseTuple } from './five-tuple.js'
export { FiveTupleMap } from './five-tuple-map.js'
export { crc32 } from './hash/crc32.js'
export type { FlowHash } from './hash/flow-hash.js'
export { buildMaglevTable, MAGLEV_SLOTS, type MaglevEntry } from './hash/maglev.js'
export { mix32, murmur3 } from './hash/murmur3.js'
export { FLOW_HASHES, type FlowHashName } from './hash/registry.js'
export { xor } from './hash/xor.js'
export {
  ICMP_ERROR_MAX_BYTES,
  ICMP_HEADER_BYTES,
  ICMP_QUOTE_BYTES,
  type IcmpError,
  IcmpType,
  icmpQuoteOffset,
  isAdmissionRefusal,
  isSourcePortProblem,
  mayAnswerWithIcmpError,
  readIcmpError,
  SOURCE_PORT_POINTER,
  UnreachableCode,
  writeIcmpError,
} from './icmp.js'
export {
  DEFAULT_TTL,
  decrementTtl,
  IPV4_HEADER_BYTES,
  ipv4Checksum,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Identification,
  ipv4Protocol,
  ipv4Source,
  ipv4TotalLength,
  ipv4Ttl,
  MAX_PACKET_BYTES,
  type MalformedCause,
  malformedIpv4,
  refreshIpv4Checksum,
  writeIpv4Header,
} from './ipv4.js'
export { fillL4Checksum, l4ChecksumOffset, l4Sum } from './l4-checksum.js'
export { PacketBatch } from './packet-batch.js'
export { NO_ROUTE, type PacketOutput } from './packet-output.js'
export { PacketReader, type PacketReaderOptions, type PacketRunHandler } from './packet-reader.js'
export {
  formatPrefix,
  hostPrefix,
  type Prefix,
  parsePrefix,
  prefixContains,
  prefixCovers,
  prefixMask,
  prefixOf,
} from './prefix.js'
export {
  encodeProxyHeader,
  PROXY_HEADER_BYTES,
  PROXY_SIGNATURE,
  type ProxyHeader,
  type ProxyHeaderReading,
  readProxyHeader,
} from './proxy-protocol.js'
export { rewriteEndpoints } from './rewrite.js'
export {
  hasSackPermitted,
  readSackBlocks,
  SACK_BLOCKS_MAX,
  SACK_PERMITTED_BYTES,
  sackOptionBytes,
  writeSackOption,
  writeSackPermitted,
} from './sack-option.js'
export {
  isTcpHeaderWhole,
  TCP_HEADER_BYTES,
  TcpFlag,
  tcpAcknowledgment,
  tcpChecksum,
  tcpDataOffset,
  tcpDestinationPort,
  tcpFlags,
  tcpSequence,
  tcpSourcePort,
  tcpWindow,
  writeTcpHeader,
} from './tcp-header.js'
export {
  CLIENT_ADDRESS_OPTION_BYTES,
  clientAddressOption,
  readSynOptions,
  SYN_OPTIONS_BYTES,
  type SynOptions,
  TCP_OPTIONS_MAX_BYTES,
  TcpOptionKind,
  tcpOptionLength,
  vipAddressOption,
  writeClientAddressOption,
  writeSynOptions,
  writeVipAddressOption,
} from './tcp-options.js'
export { TokenBucket } from './token-bucket.js'
export {
  isUdpHeaderWhole,
  UDP_HEADER_BYTES,
  udpChecksum,
  udpDestinationPort,
  udpLength,
  udpSourcePort,
  writeUdpHeader,
} from './udp-header.js'
