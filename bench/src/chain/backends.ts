import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Program } from '../program.js'
import type { Fixture } from './fixture.js'
import { type Endpoint, endpointOf, type Service } from './hop.js'
import { nginxBackendConfig } from './nginx.js'

const OURS = fileURLToPath(new URL('main.js', import.meta.resolve('@fivetuple/backend')))
/** Third octet of backends in a block. */
const RANGE = 3
const PORT = 8080

/** Servers behind all contenders, and the services that reach them. */
export interface Backends {
  readonly services: readonly Service[]
  readonly pids: readonly number[]
  /** Server of small requests and downloads. */
  readonly kind: 'nginx' | 'fastify'
  readonly stop: () => Promise<void>
}

/**
 * Starts the servers. `small` serves small requests and downloads: nginx where it is installed, so
 * that the server is not the bottleneck. `upload` takes bodies and `udp` echoes datagrams: both are
 * the backend of this repository.
 *
 * @param nginx undefined: the backend of this repository does all
 * @param downloads sizes of the bodies to serve, bytes
 */
export async function startBackends(
  { block, directory, guard, files }: Fixture,
  nginx: string | undefined,
  downloads: readonly number[],
): Promise<Backends> {
  const ours: Endpoint = { address: block.address(RANGE, 1), port: PORT }
  const args = [OURS, '--name', 'ours', '--address', ours.address, '--port', String(ours.port), '--log-level', 'warn']
  const programs = [await Program.start({ command: process.execPath, args, listens: [endpointOf(ours)], guard })]
  let small = ours
  if (nginx !== undefined) {
    small = { address: block.address(RANGE, 2), port: PORT }
    const own = join(directory, 'nginx-backend')
    mkdirSync(join(own, 'bytes'), { recursive: true })
    for (const bytes of downloads) {
      const file = join(own, 'bytes', String(bytes))
      writeFileSync(file, '')
      truncateSync(file, bytes)
    }
    writeFileSync(join(own, 'nginx.conf'), nginxBackendConfig(small, own, files))
    const started = Program.start({
      command: nginx,
      args: ['-p', own, '-e', 'stderr', '-c', 'nginx.conf'],
      listens: [endpointOf(small)],
      guard,
    })
    started.catch(() => programs[0]!.stop())
    programs.push(await started)
  }
  return {
    services: [
      { name: 'small', protocol: 'tcp', port: 8080, backend: small },
      { name: 'upload', protocol: 'tcp', port: 8081, backend: ours },
      { name: 'udp', protocol: 'udp', port: 8082, backend: ours },
    ],
    pids: programs.flatMap((program) => program.pids()),
    kind: nginx === undefined ? 'fastify' : 'nginx',
    stop: async () => {
      await Promise.all(programs.map((program) => program.stop()))
    },
  }
}
