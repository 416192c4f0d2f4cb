import { createLogger, monotonicClock, readRoleConfig, runRole } from '@fivetuple/runtime'
import { Command } from 'commander'
import type { SwitchConfig } from './config.js'
import { type CreateDataPlane, SwitchNode } from './switch-node.js'

const { config: path, card } = new Command('switch')
  .description('a layer-3 switch: uplink or downlink, as its configuration says')
  .requiredOption('--config <file.json>', 'its configuration, as the launcher writes it')
  .option('--card <number>', 'be a line card of this switch, which forks its cards itself', Number)
  .parse()
  .opts<{ config: string; card?: number }>()

const config = (await readRoleConfig(path)) as SwitchConfig
const log = createLogger(card === undefined ? config.name : `${config.name}/${card}`, config.logLevel)
const switchContract = async () => (await import('./contract.js')).switchContract
// A switch of one process does not load the code of line cards.
if (card !== undefined) {
  const { LineCard } = await import('./line-cards/line-card.js')
  const cardContract = async () => (await import('./line-cards/contract.js')).lineCardContract
  await runRole(log, cardContract, () => new LineCard(config, card, log, monotonicClock).start())
} else if ((config.lineCards ?? 1) === 1) {
  await runRole(log, switchContract, () => new SwitchNode(config, log, monotonicClock).start())
} else {
  const { LineCards } = await import('./line-cards/line-cards.js')
  const createDataPlane: CreateDataPlane = (events) => new LineCards(config, path, events, log)
  await runRole(log, switchContract, () => new SwitchNode(config, log, monotonicClock, createDataPlane).start())
}
