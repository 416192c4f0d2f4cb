import { type ClusterClient, clusterClient } from '../api/client.js'
import { type ClusterRecord, runningClusters } from '../launcher/run-directory.js'
import { CliError } from './cli-error.js'

/** Returns the API of the running cluster that a command is for; see {@link targetRecord}. */
export function targetCluster(block: string | undefined): ClusterClient {
  return clusterClient(targetRecord(block), { author: 'cli' })
}

/**
 * Returns the record of the running cluster that a command is for.
 * @param block CIDR of the cluster's block; undefined: the only running cluster
 */
export function targetRecord(block: string | undefined): ClusterRecord {
  const clusters = runningClusters()
  if (clusters.length === 0) throw new CliError("no cluster is running: start one with 'fivetuple up'")
  const names = clusters.map((cluster) => cluster.block).join(', ')
  if (block === undefined && clusters.length > 1)
    throw new CliError(`several clusters are running (${names}): choose one with --block`, 2)
  const cluster = block === undefined ? clusters[0] : clusters.find((candidate) => candidate.block === block)
  if (cluster === undefined) throw new CliError(`no cluster is running in ${block}; there is ${names}`, 2)
  return cluster
}
