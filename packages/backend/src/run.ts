import { createLogger, readRoleConfig, runRole } from '@fivetuple/runtime'
import { Command } from 'commander'
import { type BackendConfig, parseBackendConfig } from './config.js'
import type { BackendContract } from './contract.js'
import { startBackend } from './start-backend.js'

const options = new Command('backend')
  .description('HTTP server that shows what reaches a backend')
  .option('--config <file.json>', 'configuration, as the launcher writes it; the other options are ignored then')
  .option('--name <name>', 'name in its responses', 'backend')
  .option('--address <address>', 'address to listen on', '127.0.0.1')
  .option('--port <port>', 'port to listen on', '8080')
  .option('--log-level <level>', 'log level', 'info')
  .parse()
  .opts<{ config?: string; name: string; address: string; port: string; logLevel: string }>()

const config = await readConfig()
const log = createLogger(config.name, config.logLevel)
const loadContract = async () => (await import('./contract.js')).backendContract
await runRole<BackendContract>(log, loadContract, async () => {
  const { address, port } = config
  const backend = await startBackend(config)
  return {
    info: { address, port },
    handlers: {
      status: () => backend.status(),
      setBehavior: (change) => backend.setBehavior(change),
    },
    stop: () => backend.close(),
  }
})

async function readConfig(): Promise<BackendConfig> {
  const { config: file, port } = options
  try {
    if (file !== undefined) return parseBackendConfig(await readRoleConfig(file))
    return parseBackendConfig({ ...options, port: /^\d+$/.test(port) ? Number(port) : port })
  } catch (error) {
    process.stderr.write(`backend: ${(error as Error).message}\n`)
    process.exit(2)
  }
}
