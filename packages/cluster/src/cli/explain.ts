import { renderExplanation } from './explain-report.js'
import { targetCluster } from './target.js'

/** `fivetuple explain`: the uplink switch's decision for one five-tuple, and the session if there is one. */
export async function explain(
  client: string,
  vip: string,
  protocol: 'tcp' | 'udp' | undefined,
  options: { readonly block?: string; readonly json?: boolean },
): Promise<void> {
  const explanation = await targetCluster(options.block).explain(client, vip, protocol)
  process.stdout.write(options.json ? `${JSON.stringify(explanation)}\n` : renderExplanation(explanation))
}
