import { createLogger, readRoleConfig, runRole } from '@fivetuple/runtime'
import { Command } from 'commander'
import type { BackendConfig } from './config.js'
import { createBackend } from './create-backend.js'
import { createUdpEcho } from './udp-echo.js'

const options = new Command('backend')
  .description('an HTTP server that shows what reaches a backend')
  .option('--config <file.json>', 'its configuration, as the launcher writes it')
  .option('--name <name>', 'name that it answers with', 'backend')
  .option('--address <address>', 'where to listen', '127.0.0.1')
  .option('--port <port>', 'where to listen', '8080')
  .parse()
  .opts<{ config?: string; name: string; address: string; port: string }>()

const config =
  options.config === undefined
    ? { ...options, port: Number(options.port), logLevel: 'info' }
    : (readRoleConfig(options.config) as BackendConfig)
const log = createLogger(config.name, config.logLevel)
await runRole(log, async () => {
  const server = createBackend(config)
  const { address, port } = config
  await server.listen({ host: address, port, exclusive: true })
  const echo = await createUdpEcho(address, port)
  return {
    info: { address, port },
    handlers: {},
    async stop() {
      echo.close()
      await server.close()
    },
  }
})
