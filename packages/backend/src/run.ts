import { createLogger, readRoleConfig, runRole } from '@fivetuple/runtime'
import { Command } from 'commander'
import { type BackendConfig, parseBackendConfig } from './config.js'
import type { BackendContract } from './contract.js'
import { startBackend } from './start-backend.js'

const options = new Command('backend')
  .description('an HTTP server that shows what reaches a backend')
  .option(
    '--config <file.json>',
    'its configuration, as the launcher writes it; the other options then count for nothing',
  )
  .option('--name <name>', 'name that it answers with', 'backend')
  .option('--address <address>', 'where to listen', '127.0.0.1')
  .option('--port <port>', 'where to listen', '8080')
  .option('--log-level <level>', 'how much it logs', 'info')
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
