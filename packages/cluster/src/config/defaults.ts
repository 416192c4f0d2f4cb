/** Defaults of the settings. Durations have the form of configurations. */
export const DEFAULTS = {
  name: 'default',
  block: '127.20.0.0/16',
  lbs: 4,
  backends: 4,
  redundancy: 'active-active',
  // RFC 9568 §6.1
  vrrp: { interval: '1s', preempt: true },
  checks: true,
  vip: { port: 8080, protocol: 'tcp', lbs: 'all', backends: 'all', policy: 'round-robin', clientAddress: 'none' },
  // Failed connections count at once and bound the cost of a failed backend; checks find failures
  // without traffic.
  health: {
    path: '/healthz',
    method: 'GET',
    status: '200-399',
    interval: '2s',
    timeout: '1s',
    rise: 2,
    fall: 3,
    low: 1,
    high: 1,
    slowStart: 0,
    noBackend: 'withdraw',
    panicThreshold: 0,
  },
  lineCards: 1,
  ecmp: { selection: 'modulo', hash: 'murmur3', seed: 0, buckets: 1_024, idleTimer: '30s', unbalancedTimer: 0 },
  // Private AS numbers: RFC 6996 §5. The hold time is the slow path of failure detection; RFC 4271
  // §10 suggests 90 s.
  bgp: {
    port: 1790,
    holdTime: '9s',
    switchAs: 65_000,
    downlinkAs: 65_001,
    lbAs: 65_100,
    passive: false,
    prefixLimit: 100,
  },
  // As in FRR. Both ends of a link are processes of the cluster and have its key, so packets are
  // authenticated.
  bfd: { interval: '300ms', multiplier: 3, auth: 'meticulous-keyed-sha1', keyId: 1, multihop: true },
  nat: {
    // Below the ports that systems give to clients (Linux: 32768 to 60999; RFC 6335: from 49152).
    // No connect on the machine gets a port by itself that is bound on any address, or was bound
    // within the last minute.
    portRange: [4_096, 32_767],
    maxSessions: 1_000_000,
    unknownFlow: 'reset',
    timeouts: { syn: '5s', established: '15m', closing: '60s', closed: '2s', udp: '30s' },
  },
  events: { keep: 10_000 },
  flows: { keep: 100_000 },
  edge: { windowBytes: 262_144, maxFlows: 20_000 },
  log: { level: 'warn' },
} as const
