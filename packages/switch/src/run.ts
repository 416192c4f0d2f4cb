import { createLogger, monotonicClock, readRoleConfig, runRole } from '@fivetuple/runtime'
import { Command } from 'commander'
import type { SwitchConfig } from './config.js'
import { SwitchNode } from './switch-node.js'

const { config: path, card } = new Command('switch')
  .description('a layer-3 switch: uplink or downlink, as its configuration says')
  .requiredOption('--config <file.json>', 'its configuration, as the launcher writes it')
  .option('--card <number>', 'be a line card of this switch, which forks its cards itself', Number)
  .parse()
  .opts<{ config: string; card?: number }>()

const config = (await readRoleConfig(path)) as SwitchConfig
const log = createLogger(card === undefined ? config.name : `${config.name}/${card}`, config.logLevel)
// A switch that is one process loads nothing of line cards.
await runRole(log, async () => {
  if (card !== undefined) {
    const { LineCard } = await import('./line-cards/line-card.js')
    return new LineCard(config, card, log, monotonicClock).start()
  }
  if ((config.lineCards ?? 1) === 1) return new SwitchNode(config, log, monotonicClock).start()
  const { LineCards } = await import('./line-cards/line-cards.js')
  return new SwitchNode(config, log, monotonicClock, (events) => new LineCards(config, path, events, log)).start()
})
