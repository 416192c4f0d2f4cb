import { autocannonLoad } from '../load/autocannon.js'
import { withIdle } from '../load/idle.js'
import { type Load, type RequestKind, SMALL_GET } from '../load/load.js'
import { uploadLoad } from '../load/raw-load.js'
import { udpLoad } from '../load/udp.js'
import { wrkLoad } from '../load/wrk.js'

/** Kind of traffic by which the contenders are compared. */
export interface ChainCase {
  readonly name: string
  /** Description for display. */
  readonly words: string
  /** Server that it needs; see `startBackends`. */
  readonly service: string
  readonly connections: number
  readonly path: string
  readonly load: Load
  /** Unit of its speed. */
  readonly unit: 'requests' | 'bytes'
}

const KEEP_ALIVE_CONNECTIONS = [16, 64, 256, 1024]
const NEW_CONNECTIONS = 64
const UDP_FLOWS = 64
const UDP_BYTES = 64
const ACTIVE_CONNECTIONS = 100
const IDLE_CONNECTIONS_MAX = 10_000
/** Open files of a proxy besides its connections. */
const SPARE_FILES = 200

/** Sizes of bodies and numbers of connections. */
const BODIES = [
  { name: '16KiB', bytes: 16 * 1024, connections: 64 },
  { name: '1MiB', bytes: 1024 ** 2, connections: 8 },
  { name: '100MiB', bytes: 100 * 1024 ** 2, connections: 2 },
] as const
/**
 * autocannon decodes each body to a string, which costs more than receiving it. Large bodies need
 * another load.
 */
const AUTOCANNON_BODY_MAX = 16 * 1024
/**
 * Too few larger bodies end within a round to be counted. Our own load counts bytes as they are
 * sent.
 */
const WRK_UPLOAD_MAX = 1024 ** 2

export const DOWNLOADS: readonly number[] = BODIES.map(({ bytes }) => bytes)

/**
 * Returns all cases that there are tools for.
 *
 * @param wrk its command; undefined: not installed
 * @param files limit of open files of a process: proxies need two for each connection
 */
export function chainCases(wrk: string | undefined, files: number): ChainCase[] {
  /** Returns the same case with each tool that can make such load. */
  const tools = (kind: RequestKind, chainCase: Omit<ChainCase, 'load'>): ChainCase[] => [
    ...(wrk === undefined ? [] : [{ ...chainCase, name: `${chainCase.name}/wrk`, load: wrkLoad(wrk, kind) }]),
    { ...chainCase, name: `${chainCase.name}/autocannon`, load: autocannonLoad(kind) },
  ]
  const small = { service: 'small', path: '/', unit: 'requests' } as const
  return [
    ...KEEP_ALIVE_CONNECTIONS.flatMap((connections) =>
      tools(SMALL_GET, {
        ...small,
        name: `keep-alive-${connections}`,
        words: `small GET, ${connections.toLocaleString('en')} keep-alive connections`,
        connections,
      }),
    ),
    ...tools(
      { ...SMALL_GET, isFresh: true },
      {
        ...small,
        name: 'new-connections',
        words: `small GET, a new connection for each, ${NEW_CONNECTIONS} at a time`,
        connections: NEW_CONNECTIONS,
      },
    ),
    ...idleCase(wrk, files).map((one) => ({ ...small, ...one })),
    ...BODIES.flatMap(({ name, bytes, connections }) =>
      tools(SMALL_GET, {
        name: `down-${name}`,
        words: `bodies of ${words(name)} to the client, ${connections} connections`,
        service: 'small',
        path: `/bytes/${bytes}`,
        unit: 'bytes',
        connections,
      }).filter(({ name }) => bytes <= AUTOCANNON_BODY_MAX || name.endsWith('/wrk')),
    ),
    ...BODIES.flatMap(({ name, bytes, connections }) => {
      const up = {
        name: `up-${name}`,
        words: `bodies of ${words(name)} to the backend, ${connections} connections`,
        service: 'upload',
        path: '/sink',
        unit: 'bytes',
        connections,
      } as const
      if (bytes > WRK_UPLOAD_MAX) return [{ ...up, name: `${up.name}/own`, load: uploadLoad(bytes) }]
      return tools({ method: 'POST', bodyBytes: bytes, isFresh: false }, up).filter(
        ({ name }) => bytes <= AUTOCANNON_BODY_MAX || name.endsWith('/wrk'),
      )
    }),
    {
      name: 'udp-64B/own',
      words: `UDP echo of ${UDP_BYTES} bytes, ${UDP_FLOWS} flows`,
      service: 'udp',
      connections: UDP_FLOWS,
      path: '',
      load: udpLoad(UDP_BYTES),
      unit: 'requests',
    },
  ]
}

function idleCase(
  wrk: string | undefined,
  files: number,
): Pick<ChainCase, 'name' | 'words' | 'connections' | 'load'>[] {
  const idle = Math.min(IDLE_CONNECTIONS_MAX, Math.floor((files - SPARE_FILES) / 2) - ACTIVE_CONNECTIONS)
  const connections = ACTIVE_CONNECTIONS
  const active = wrk === undefined ? autocannonLoad(SMALL_GET) : wrkLoad(wrk, SMALL_GET)
  const name = `idle/${wrk === undefined ? 'autocannon' : 'wrk'}`
  const words = `small GET, ${connections} active connections beside ${idle.toLocaleString('en')} idle ones`
  return [{ name, words, connections, load: withIdle(idle, active) }]
}

/** 16KiB: 16 KiB */
function words(size: string): string {
  return size.replace(/(\d)(\D)/, '$1 $2')
}
