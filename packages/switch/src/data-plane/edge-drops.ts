/** Counters of an edge, as `edge` of a switch's status names them, that count lost packets; and the cause that `drops` shows. */
const CAUSES: Readonly<Record<string, string>> = {
  malformed: 'edge-tcp-malformed',
  overLimit: 'edge-tcp-flow-limit',
  tupleInUse: 'edge-tcp-tuple-in-use',
  udpLostToQueue: 'edge-udp-queue-full',
  udpOverLimit: 'edge-udp-flow-limit',
  udpMalformed: 'edge-udp-malformed',
  udpUnknown: 'edge-udp-no-service',
  udpNoReplyPort: 'edge-udp-no-reply-port',
  udpRefused: 'edge-udp-refused',
  udpUnreachable: 'edge-udp-unreachable',
  udpNoBackend: 'edge-udp-no-backend',
  udpBindFailed: 'edge-udp-bind-failed',
  udpSendFailed: 'edge-udp-send-failed',
  udpKernelDrops: 'edge-udp-receive-buffer-full',
  udpBackendKernelDrops: 'backend-udp-receive-buffer-full',
}

/** Packets that an edge has lost, by cause. */
export function edgeDrops(counters: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(CAUSES).map(([name, cause]) => [cause, counters[name] ?? 0]))
}
