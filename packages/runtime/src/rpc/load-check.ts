import type { LoadContract } from './contract.js'
import type { MessageCheck } from './message-check.js'

export type { MessageCheck } from './message-check.js'

/**
 * Environment variable that makes both ends of a channel check each message that arrives. Tests set
 * it to 1.
 */
const CHECK_VARIABLE = 'FIVETUPLE_CHECK_MESSAGES'

/**
 * Loads the schemas of a contract and what checks them; undefined unless the environment says that
 * messages are checked.
 */
export function loadCheck(loadContract: LoadContract): Promise<MessageCheck> | undefined {
  if (process.env[CHECK_VARIABLE] !== '1') return undefined
  return Promise.all([loadContract(), import('./message-check.js')]).then(
    ([contract, { MessageCheck }]) => new MessageCheck(contract),
  )
}
