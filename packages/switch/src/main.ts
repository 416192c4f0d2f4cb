import { createLogger, monotonicClock, readRoleConfig, runRole } from '@fivetuple/runtime'
import { Command } from 'commander'
import type { SwitchConfig } from './config.js'
import { SwitchNode } from './switch-node.js'

const { config: path } = new Command('switch')
  .description('a layer-3 switch: uplink or downlink, as its configuration says')
  .requiredOption('--config <file.json>', 'its configuration, as the launcher writes it')
  .parse()
  .opts<{ config: string }>()

const config = readRoleConfig(path) as SwitchConfig
const log = createLogger(config.name, config.logLevel)
await runRole(log, () => new SwitchNode(config, log, monotonicClock).start())
