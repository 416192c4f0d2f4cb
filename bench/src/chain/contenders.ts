import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClusterProcess } from '../cluster-process.js'
import { Program } from '../program.js'
import type { Contender, ContenderName } from './contender.js'
import { fivetupleConfig } from './fivetuple.js'
import type { Fixture } from './fixture.js'
import { haproxyConfig } from './haproxy.js'
import { type ChainHop, chainOf, endpointOf, type Service } from './hop.js'
import { nginxStreamConfig } from './nginx.js'

/** Number of hops of a chain, as in fivetuple: uplink switch, LB, downlink switch. */
const HOPS = [1, 2, 3]
/** Third octets of the hops' addresses in the block: nothing of the cluster's lies there. */
const HAPROXY_RANGE = 201
const NGINX_RANGE = 202

export function directContender(services: readonly Service[]): Contender {
  const entries = services.map(({ name, backend }) => [name, endpointOf(backend)] as const)
  return { name: 'direct', entries: Object.fromEntries(entries), hops: {}, stop: async () => {} }
}

export async function fivetupleContender(
  fixture: Fixture,
  services: readonly Service[],
  lbs: number,
): Promise<Contender> {
  const cluster = await ClusterProcess.startFrom(fivetupleConfig(fixture.block.cidr, lbs, services))
  const { uplink = [], lbs: lbPids = [], downlink = [], launcher = [] } = cluster.pids()
  return {
    name: 'fivetuple',
    entries: Object.fromEntries(cluster.ready.vips.map(({ name, listen }) => [name, listen])),
    hops: { uplink, lbs: lbPids, downlink, launcher },
    stop: () => cluster.stop(),
  }
}

export function haproxyContender(fixture: Fixture, services: readonly Service[], command: string): Promise<Contender> {
  const tcp = services.filter(({ protocol }) => protocol === 'tcp')
  return chainContender('haproxy', fixture, tcp, HAPROXY_RANGE, (directory, hop) => {
    const file = join(directory, 'haproxy.cfg')
    writeFileSync(file, haproxyConfig(hop, fixture.files))
    return { command, args: ['-db', '-f', file] }
  })
}

export function nginxContender(
  fixture: Fixture,
  services: readonly Service[],
  command: string,
  module: string | undefined,
): Promise<Contender> {
  return chainContender('nginx', fixture, services, NGINX_RANGE, (directory, hop) => {
    writeFileSync(join(directory, 'nginx.conf'), nginxStreamConfig(hop, module, fixture.files))
    return { command, args: ['-p', directory, '-e', 'stderr', '-c', 'nginx.conf'] }
  })
}

/** Starts a chain of processes from its far end, so that each finds the next one there. */
async function chainContender(
  name: ContenderName,
  { block, directory, guard }: Fixture,
  services: readonly Service[],
  range: number,
  prepare: (directory: string, hop: ChainHop) => { readonly command: string; readonly args: readonly string[] },
): Promise<Contender> {
  const hops = chainOf(
    HOPS.map((hop) => block.address(range, hop)),
    services,
  )
  const programs: Program[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(programs.map((program) => program.stop()))
  }
  try {
    for (const hop of [...hops].reverse()) {
      const own = join(directory, `${name}-${hop.address}`)
      mkdirSync(own)
      const listens = hop.entries
        .filter(({ protocol }) => protocol === 'tcp')
        .map(({ port }) => endpointOf({ address: hop.address, port }))
      programs.unshift(await Program.start({ ...prepare(own, hop), listens, guard }))
    }
  } catch (error) {
    await stop()
    throw error
  }
  return {
    name,
    entries: Object.fromEntries(services.map(({ name, port }) => [name, `${hops[0]!.address}:${port}`])),
    hops: Object.fromEntries(programs.map((program, i) => [`hop ${i + 1}`, program.pids()])),
    stop,
  }
}
