import { createLogger, monotonicClock, readRoleConfig, runRole } from '@fivetuple/runtime'
import { Command } from 'commander'
import type { LbConfig } from './config.js'
import type { LbContract } from './contract.js'
import { LbNode } from './lb-node.js'

const { config: path } = new Command('lb-node')
  .description('a full-NAT load balancer between an uplink and a downlink switch')
  .requiredOption('--config <file.json>', 'its configuration, as the launcher writes it')
  .parse()
  .opts<{ config: string }>()

const config = (await readRoleConfig(path)) as LbConfig
const log = createLogger(config.name, config.logLevel)
await runRole<LbContract>(
  log,
  async () => (await import('./contract.js')).lbContract,
  () => new LbNode(config, log, monotonicClock).start(),
)
