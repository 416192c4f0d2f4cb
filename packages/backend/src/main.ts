import { createLogger, explainListenError, readRoleConfig, runRole } from '@fivetuple/runtime'
import { Command } from 'commander'
import { type BackendConfig, parseBackendConfig } from './config.js'
import { createBackend } from './create-backend.js'
import { createUdpEcho } from './udp-echo.js'

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

const config = readConfig()
const log = createLogger(config.name, config.logLevel)
await runRole(log, async () => {
  const server = createBackend(config)
  const { address, port } = config
  await server.listen({ host: address, port, exclusive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new Error(explainListenError(error, address, port))
  })
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

function readConfig(): BackendConfig {
  const { config: file, port } = options
  try {
    if (file !== undefined) return parseBackendConfig(readRoleConfig(file))
    return parseBackendConfig({ ...options, port: /^\d+$/.test(port) ? Number(port) : port })
  } catch (error) {
    process.stderr.write(`backend: ${(error as Error).message}\n`)
    process.exit(2)
  }
}
