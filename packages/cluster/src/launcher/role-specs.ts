import { fileURLToPath } from 'node:url'
import type { ClusterPlan } from '../plan/plan.js'
import { programIn } from '../program.js'
import type { RoleSpec } from './role-process.js'

/**
 * Returns the roles of a cluster, in the order in which they start.
 *
 * @param write writes the configuration of a role; returns the path of the file
 */
export function roleSpecs(
  { switches, lbs, backends }: Pick<ClusterPlan, 'switches' | 'lbs' | 'backends'>,
  write: (name: string, config: object) => string,
): RoleSpec[] {
  const specs = <T extends Configured>(kind: RoleSpec['kind'], program: string, configs: readonly T[]): RoleSpec[] =>
    configs.map((config) => ({
      kind,
      name: config.name,
      program,
      forks: (config.lineCards ?? 1) > 1,
      records: isRecording(config),
      configFile: write(config.name, config),
    }))
  return [
    ...specs('switch', programOf('@fivetuple/switch'), switches),
    // Before many LBs, which check them: a backend that is checked before it has started is found
    // unhealthy, and its VIPs are inhibited.
    ...specs('backend', programOf('@fivetuple/backend'), backends),
    ...specs('lb', programOf('@fivetuple/lb-node'), lbs),
  ]
}

/** Configuration of a role of any kind. */
interface Configured {
  readonly name: string
  readonly lineCards?: number
  /** Of a switch. */
  readonly edge?: { readonly kind: string; readonly records?: object | null }
  /** Of an LB. */
  readonly records?: boolean
}

/** Returns true if a role makes flow records. */
function isRecording({ edge, records }: Configured): boolean {
  return records === true || (edge?.records ?? null) !== null
}

function programOf(packageName: string): string {
  return fileURLToPath(programIn(new URL('.', import.meta.resolve(packageName))))
}
