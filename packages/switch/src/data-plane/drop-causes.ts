import type { TcpEdgeCounters, UdpClientEdgeCounters, UdpServerEdgeCounters } from '@fivetuple/edge'
import type { MalformedCause } from '@fivetuple/packet'

/**
 * Drop causes of the forwarder and their meanings, as `status`, metrics and docs/operating.md name
 * them.
 */
export const FORWARDER_DROPS = {
  'no-route': 'No prefix covers the destination. The sender gets ICMP net unreachable.',
  'port-down': 'The port of the chosen next hop has no carrier. The sender gets ICMP host unreachable.',
  'ttl-exceeded': 'The TTL ran out. The sender gets ICMP time exceeded.',
  'not-for-us': 'Addressed to the router itself, which responds only to ping.',
  'malformed-truncated': 'Shorter than an IPv4 header.',
  'malformed-version': 'Not IPv4.',
  'malformed-header-length': 'Header length out of range.',
  'malformed-total-length': 'Total length out of range.',
  'malformed-fragment': 'A fragment, which has no ports to hash.',
  'malformed-checksum': 'The header checksum does not match.',
  'malformed-ports': 'TCP or UDP, but too short to have ports.',
  'malformed-icmp': 'An ICMP message to the router whose checksum does not match.',
} as const satisfies Readonly<Record<`malformed-${MalformedCause}`, string> & Record<string, string>>

/** Drop cause of the forwarder. */
export type DropCause = keyof typeof FORWARDER_DROPS

/** Number of packets dropped, per cause. */
export type DropCounters = Record<DropCause, number>

/** All causes, at zero. */
export function newDropCounters(): DropCounters {
  return Object.fromEntries(Object.keys(FORWARDER_DROPS).map((cause) => [cause, 0])) as DropCounters
}

/** Name of a counter of an edge in the field `edge` of a switch's status. */
export type EdgeCounter =
  | keyof TcpEdgeCounters
  | `udp${Capitalize<keyof UdpClientEdgeCounters | keyof UdpServerEdgeCounters>}`

/** Drop cause and meaning of an edge's counter; null: the counter counts no loss. */
type EdgeDrop = readonly [cause: string, meaning: string] | null

/** Every counter of the edges. A new counter does not compile until it has a cause or null here. */
export const EDGE_DROPS = {
  opened: null,
  accepted: null,
  refused: null, // the backend's own response
  reset: null,
  timedOut: null,
  unknown: ['edge-tcp-no-flow', 'A segment of a flow that has ended or never existed. The sender gets RST.'],
  malformed: ['edge-tcp-malformed', 'Not a whole TCP header.'],
  overLimit: ['edge-tcp-flow-limit', 'A new flow beyond the limit of the edge (`edge.maxFlows`, descriptors).'],
  tupleInUse: [
    'edge-tcp-tuple-in-use',
    'A new connection whose predecessor from the same client port has not ended in time.',
  ],
  sourcePortInUse: [
    'edge-tcp-source-port-in-use',
    'No socket for a flow: another one on this machine has its source port.',
  ],
  outOfDescriptors: [
    'edge-tcp-out-of-descriptors',
    'No socket for a flow: the process or the machine has no descriptor left.',
  ],
  outOfMemory: ['edge-tcp-out-of-memory', 'No socket for a flow: the kernel has no memory for sockets left.'],
  udpDatagramsIn: null,
  udpDatagramsOut: null,
  udpLostToQueue: ['edge-udp-queue-full', 'The queue of the port, or of a socket that is being opened, is full.'],
  udpUnknown: ['edge-udp-no-service', 'A packet for a client from no service of this edge.'],
  udpNoReplyPort: ['edge-udp-no-reply-port', 'A response to a client that sent from port 0.'],
  udpRefused: ['edge-udp-refused', 'Nothing listens at the backend. The sender gets ICMP port unreachable.'],
  udpUnreachable: [
    'edge-udp-unreachable',
    'The kernel has no way to the backend. The sender gets ICMP host unreachable.',
  ],
  udpNoBackend: ['edge-udp-no-backend', 'An address where no backend may be. The sender gets ICMP port unreachable.'],
  udpOverLimit: ['edge-udp-flow-limit', 'A new flow beyond the limit of the edge, and no idle flow to end instead.'],
  udpEvicted: [
    'edge-udp-evicted',
    'A flow that ended because a new one needed its socket: later responses are dropped.',
  ],
  udpMalformed: ['edge-udp-malformed', 'Not a whole UDP datagram.'],
  udpBindFailed: ['edge-udp-bind-failed', "The kernel refused to bind a socket to the flow's source."],
  udpSendFailed: ['edge-udp-send-failed', 'The kernel refused to send a datagram.'],
  udpReceiveFailed: ['edge-udp-receive-failed', 'The kernel reported an error while a datagram was received.'],
  udpKernelDrops: [
    'edge-udp-receive-buffer-full',
    'The receive buffer of a socket of the edge was full: raise `net.core.rmem_max`.',
  ],
  udpBackendKernelDrops: [
    'backend-udp-receive-buffer-full',
    "The receive buffer of a backend's own socket on this machine was full.",
  ],
  udpSourcePortInUse: [
    'edge-udp-source-port-in-use',
    'No socket for a flow: another one on this machine has its source port.',
  ],
  udpOutOfDescriptors: ['edge-udp-out-of-descriptors', 'No socket for a flow: no descriptor left.'],
  udpOutOfMemory: ['edge-udp-out-of-memory', 'No socket for a flow: the kernel has no memory for sockets left.'],
} as const satisfies Readonly<Record<EdgeCounter, EdgeDrop>>

/**
 * Returns the packets and flows that an edge has dropped, per cause. @param counters as {@link
 * EDGE_DROPS} names them
 */
export function edgeDrops(counters: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(EDGE_DROPS).flatMap(([name, drop]) => (drop === null ? [] : [[drop[0], counters[name] ?? 0]])),
  )
}
