import { parseEndpoint } from '@fivetuple/packet'
import { clusterClient } from '../api/client.js'
import { type ClusterRecord, runningClusters } from '../launcher/run-directory.js'
import type { ClusterStatus } from '../operations/status-schemas.js'
import { AddressPlan } from '../plan/address-plan.js'
import { CliError } from './cli-error.js'
import type { ProbeSettings } from './probe-flags.js'
import { targetRecord } from './target.js'

/** A datagram begins with a number of four bytes, and fits into an IPv4 packet. */
const DATAGRAM_MIN_BYTES = 4
const DATAGRAM_MAX_BYTES = 65_507

const HTTP_PORT = 80

type Vip = ClusterStatus['vips'][number]

export interface ProbeTarget {
  /** Name of the VIP, or the URL. */
  readonly name: string
  readonly url: URL
  /** undefined: no VIP of a running cluster. */
  readonly vip: string | undefined
  /** BIP → name of its LB. */
  readonly lbOf: ReadonlyMap<string, string>
  readonly bodyUpBytes: number | undefined
  readonly bodyDownBytes: number | undefined
}

export interface ResolvedTargets {
  readonly targets: readonly ProbeTarget[]
  /** Client pool of the cluster that has all targets; undefined: one is elsewhere. */
  readonly clientPool: string | undefined
}

/**
 * Resolves targets: names of VIPs, addresses with ports and URLs. A VIP of a running cluster comes
 * with its LBs, however it is named.
 * @throws CliError for a target that can't be probed
 */
export async function resolveTargets(names: readonly string[], settings: ProbeSettings): Promise<ResolvedTargets> {
  const needsCluster = names.length === 0 || names.some((name) => addressOf(name) === undefined)
  const record = needsCluster || settings.block !== undefined ? targetRecord(settings.block) : onlyCluster()
  const status = record && (await clusterClient(record).run('status'))
  const lbOf = new Map(Object.values(status?.lbs ?? {}).map(({ name, bip }) => [bip, name]))
  const targets = (names.length > 0 ? names : [firstVip(status, settings)]).map((name) =>
    targetOf(name, settings, status?.vips ?? [], lbOf),
  )
  const isInside = record !== undefined && targets.every(({ vip }) => vip !== undefined)
  return { targets, clientPool: isInside ? new AddressPlan(record.block).clientPool : undefined }
}

/** Cluster whose VIPs may be meant by an address; none if several are running. */
function onlyCluster(): ClusterRecord | undefined {
  const clusters = runningClusters()
  return clusters.length === 1 ? clusters[0] : undefined
}

/** Returns the URL of a target that is no name; the scheme is missing from an address. */
function addressOf(text: string): URL | undefined {
  if (parseEndpoint(text) !== undefined) return new URL(`address://${text}`)
  return /^[a-z]+:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined
}

function firstVip(status: ClusterStatus | undefined, { exchange }: ProbeSettings): string {
  const vips = status?.vips ?? []
  const found = exchange === 'udp' ? vips.find(({ protocol }) => protocol === 'udp') : vips[0]
  if (found === undefined) throw new CliError('the cluster has no UDP VIP: add one to its configuration', 2)
  return found.name
}

function targetOf(
  text: string,
  settings: ProbeSettings,
  vips: readonly Vip[],
  lbOf: ReadonlyMap<string, string>,
): ProbeTarget {
  const address = addressOf(text)
  const vip =
    address === undefined
      ? named(text, vips)
      : vips.find(({ listen }) => listen === `${address.hostname}:${address.port || HTTP_PORT}`)
  const scheme = schemeOf(text, address, vip, settings)
  const url = new URL(
    address === undefined ? `${scheme}//${vip!.listen}/` : text.replace(/^([a-z]+:\/\/)?/i, `${scheme}//`),
  )
  checkBodies(text, url, settings)
  if (vip?.listenFailure) throw new CliError(`clients can't connect to ${vip.name}: ${vip.listenFailure.reason}`)
  const { bodyUpBytes, bodyDownBytes } = settings
  return {
    name: vip?.name ?? url.href,
    url,
    vip: vip?.name,
    lbOf: vip === undefined ? new Map() : lbOf,
    bodyUpBytes,
    bodyDownBytes,
  }
}

function named(name: string, vips: readonly Vip[]): Vip {
  const vip = vips.find((known) => known.name === name)
  if (vip !== undefined) return vip
  const known = vips.map((vip) => vip.name).join(', ')
  throw new CliError(`'${name}' is neither a VIP (there is ${known}), an address with a port, nor a URL`, 2)
}

function schemeOf(
  text: string,
  address: URL | undefined,
  vip: Vip | undefined,
  { exchange }: ProbeSettings,
): 'http:' | 'tcp:' | 'udp:' {
  const given = address === undefined || address.protocol === 'address:' ? undefined : address.protocol
  if (given !== undefined && given !== 'http:' && given !== 'tcp:' && given !== 'udp:')
    throw new CliError(`${text} has another scheme than http, tcp and udp`, 2)
  if (given !== undefined && given !== 'http:' && address!.port === '')
    throw new CliError(`${text} has no port: add one, as in ${given}//${address!.hostname}:7`, 2)
  const asked = exchange === 'udp' ? 'udp:' : exchange === 'tcp-echo' ? 'tcp:' : undefined
  if (given !== undefined && asked !== undefined && given !== asked)
    throw new CliError(`${text} is ${given.slice(0, -1)}: leave --${exchange} out, or name an address with a port`, 2)
  const scheme = given ?? asked ?? (vip?.protocol === 'udp' ? 'udp:' : 'http:')
  const protocol = scheme === 'udp:' ? 'udp' : 'tcp'
  if (vip !== undefined && vip.protocol !== protocol)
    throw new CliError(`${vip.name} is a ${vip.protocol} VIP, and ${scheme.slice(0, -1)} needs a ${protocol} VIP`, 2)
  return scheme
}

function checkBodies(text: string, url: URL, { bodyUpBytes, bodyDownBytes }: ProbeSettings): void {
  const isEcho = url.protocol !== 'http:'
  if (isEcho && bodyDownBytes !== undefined)
    throw new CliError(`${text} is an echo, which has the size of --body-up: leave --body-down out`, 2)
  if (!isEcho && bodyDownBytes !== undefined && url.pathname + url.search !== '/')
    throw new CliError(`${text} has a path, which decides the size of the response: leave --body-down out`, 2)
  if (url.protocol === 'tcp:' && bodyUpBytes === 0) throw new CliError('--body-up is 0: an echo needs a byte', 2)
  if (url.protocol !== 'udp:' || bodyUpBytes === undefined) return
  if (bodyUpBytes < DATAGRAM_MIN_BYTES || bodyUpBytes > DATAGRAM_MAX_BYTES)
    throw new CliError(
      `--body-up is ${bodyUpBytes}: a datagram has ${DATAGRAM_MIN_BYTES} to ${DATAGRAM_MAX_BYTES} bytes`,
      2,
    )
}
