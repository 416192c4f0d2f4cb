import { formatConfigError, formatConfigWarning } from '../config/config-error.js'
import { DEFAULTS } from '../config/defaults.js'
import { injectablesOf } from '../launcher/faults/link-request.js'
import { faultKind } from '../launcher/faults/registry.js'
import { type ClusterPlan, planCluster } from '../plan/plan.js'
import { readConfig } from './read-config.js'
import { table } from './table.js'

/** Block that stands for the one that would be chosen at start. */
const EXAMPLE_BLOCK = DEFAULTS.block
const NO_KEY = '00'.repeat(32)

/** Runs `fivetuple check`: exit code 0 if the configuration can be used, else 2. */
export async function check({ file, json }: { readonly file?: string; readonly json?: boolean }): Promise<void> {
  const result = await readConfig(file, {})
  if (!result.ok) {
    process.exitCode = 2
    if (json) process.stdout.write(`${JSON.stringify({ ok: false, errors: result.errors })}\n`)
    else {
      const { length } = result.errors
      process.stderr.write(`${result.errors.map(formatConfigError).join('\n')}\n`)
      process.stderr.write(`fivetuple: ${length} error${length === 1 ? '' : 's'}\n`)
    }
    return
  }
  const { warnings } = result
  const { block } = result.config
  const plan = planCluster(result.config, block === 'auto' ? EXAMPLE_BLOCK : block, NO_KEY)
  if (json)
    process.stdout.write(
      `${JSON.stringify({ ok: true, warnings, block, vips: plan.vips, lbs: plan.lbs.map(brief), linkFaults: plan.linkFaults })}\n`,
    )
  else {
    for (const warning of warnings) process.stderr.write(`${formatConfigWarning(warning)}\n`)
    process.stdout.write(render(plan, block))
  }
}

function brief({ name, address, bip, vips }: ClusterPlan['lbs'][number]) {
  return { name, address, bip, vips }
}

function render(plan: ClusterPlan, block: string): string {
  const where = block === 'auto' ? `a free block, such as ${plan.block}` : plan.block
  const backends = new Set(plan.vips.flatMap((vip) => vip.backends))
  return `valid: ${plan.lbs.length} LBs, ${backends.size} backends (${plan.backends.length} of them started by fivetuple) in ${where}

${table([
  ['VIP', 'SERVICE', 'CLIENTS CONNECT TO', 'POLICY', 'LBS', 'BACKENDS'],
  ...plan.vips.map((vip) => [
    vip.name,
    `${vip.protocol} ${vip.address}:${vip.port}`,
    `${vip.listen.address}:${vip.listen.port}`,
    vip.policy,
    vip.lbs.length === plan.lbs.length ? 'all' : vip.lbs.join(' '),
    vip.backends.length === backends.size ? 'all' : vip.backends.join(' '),
  ]),
])}${renderFaults(plan)}`
}

function renderFaults({ linkFaults }: ClusterPlan): string {
  if (linkFaults.length === 0) return ''
  const rows = linkFaults.flatMap(({ seed, ...request }) =>
    injectablesOf(request).map((fault) => [faultKind(fault.kind).describe(fault), seed ?? 'random']),
  )
  return `\n${table([['FAULT AT THE START', 'SEED'], ...rows])}`
}
