import * as Type from 'typebox'
import { operation } from './operation.js'
import { whole } from './parsers.js'
import { lazily, list, Name, optional, strict } from './schemas.js'

const SESSIONS_DEFAULT = 1_000
const SESSIONS_MAX = 99_999

/** Operations that show the state of a running cluster and change nothing. */
export const inspectOperations = [
  operation({
    name: 'status',
    summary: 'Reports ports, routes, sessions, health and counters of all roles.',
    method: 'GET',
    path: '/v1/status',
    parameters: strict({}),
    result: lazily(() => import('./status-schemas.js').then(({ Status }) => Status)),
    commands: [
      {
        words: 'status',
        group: 'Inspection:',
        description: 'show VIPs, LBs, ports, routes and counters',
        examples: ['status', 'status --json'],
        output: () => import('../cli/status-report.js').then(({ statusOutput }) => statusOutput),
      },
    ],
    run: (control) => control.status.status(),
  }),
  operation({
    name: 'explain',
    summary: 'Reports which LB a flow takes, and why; and its session, if there is one.',
    method: 'GET',
    path: '/v1/explain',
    parameters: strict({
      client: Type.String({ maxLength: 32, title: 'address:port' }),
      vip: Type.String({ maxLength: 64, title: 'address:port or the name of a VIP' }),
      protocol: optional(Type.Enum(['tcp', 'udp'], { title: 'tcp or udp; default: that of the named VIP, else tcp' })),
    }),
    result: lazily(() => import('./status-schemas.js').then(({ Explanation }) => Explanation)),
    commands: [
      {
        words: 'explain',
        group: 'Inspection:',
        description: 'show which LB a flow takes, and why',
        arguments: [
          { sets: 'client', description: 'source address:port' },
          { sets: 'vip', description: 'destination address:port, or the name of a VIP', completes: 'vip' },
          {
            sets: 'protocol',
            description: 'tcp or udp; default: that of the named VIP, else tcp',
            choices: ['tcp', 'udp'],
            isOptional: true,
          },
        ],
        examples: ['explain 127.20.100.7:41234 127.20.10.1:8080', 'explain 127.0.0.1:50000 web'],
        output: () => import('../cli/explain-report.js').then(({ explanationOutput }) => explanationOutput),
      },
    ],
    run: (control, { client, vip, protocol }) => control.status.explain(client, vip, protocol),
  }),
  operation({
    name: 'sessions',
    summary: "Lists NAT sessions of an LB, or of all LBs ('all'): at most `limit` (1,000) of each.",
    method: 'GET',
    path: '/v1/lbs/:lb/sessions',
    parameters: strict({
      lb: Name,
      vip: optional(Name),
      limit: optional(Type.Integer({ minimum: 1, maximum: SESSIONS_MAX, title: `a number from 1 to ${SESSIONS_MAX}` })),
    }),
    result: lazily(() => import('./status-schemas.js').then(({ LbSessions }) => list(LbSessions))),
    commands: [
      {
        words: 'sessions',
        group: 'Inspection:',
        description: 'list NAT sessions',
        arguments: [{ sets: 'lb', description: "name of an LB, or 'all'", fallback: 'all', completes: 'lb-or-all' }],
        options: [
          { flags: '--vip <vip>', sets: 'vip', description: 'only sessions of this VIP', completes: 'vip' },
          {
            flags: '--limit <n>',
            sets: 'limit',
            description: 'most sessions listed of each LB',
            parse: whole(1, SESSIONS_MAX),
            fallback: 100,
          },
        ],
        examples: ['sessions', 'sessions lb-2 --vip web --limit 1000 --json'],
        output: () => import('../cli/sessions-report.js').then(({ sessionsOutput }) => sessionsOutput),
      },
    ],
    run: (control, { lb, vip, limit = SESSIONS_DEFAULT }) => control.status.sessions(lb, vip, limit),
  }),
  operation({
    name: 'neighbors',
    summary: 'Reports the BGP and BFD sessions of the switches and the LBs.',
    method: 'GET',
    path: '/v1/neighbors',
    parameters: strict({}),
    result: lazily(() => import('./status-schemas.js').then(({ Neighbors }) => Neighbors)),
    commands: [
      {
        words: 'neighbors',
        group: 'Inspection:',
        description: 'show the BGP and BFD sessions of the switches and the LBs',
        examples: ['neighbors', 'neighbors --json'],
        output: () => import('../cli/neighbors-report.js').then(({ neighborsOutput }) => neighborsOutput),
      },
    ],
    run: async (control) => {
      const { switches, lbs, unreachable } = await control.status.status()
      return {
        switches: Object.values(switches).map(({ name, sessions, bgpRefusals, bfd }) => ({
          name,
          sessions,
          bgpRefusals,
          bfd,
        })),
        lbs: Object.values(lbs).map(({ name, bgp, bfd }) => ({ name, bgp, bfd })),
        unreachable,
      }
    },
  }),
  operation({
    name: 'health',
    summary: 'Reports the health of each backend, per VIP and LB.',
    method: 'GET',
    path: '/v1/health',
    parameters: strict({}),
    result: lazily(() => import('./status-schemas.js').then(({ Health }) => Health)),
    commands: [
      {
        words: 'health',
        group: 'Inspection:',
        description: 'show the health of each backend, per VIP and LB',
        examples: ['health'],
        output: () => import('../cli/health-report.js').then(({ healthOutput }) => healthOutput),
      },
    ],
    run: async (control) => {
      const { lbs, unreachable } = await control.status.status()
      const backends = Object.values(lbs).flatMap(({ name: lb, services }) =>
        services.flatMap(({ name: vip, backends }) => backends.map((backend) => ({ vip, lb, ...backend }))),
      )
      return { backends, unreachable }
    },
  }),
] as const
