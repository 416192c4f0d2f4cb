import { isIPv4 } from 'node:net'
import { LOG_LEVELS } from '@fivetuple/runtime'

/** Configuration of one backend process. */
export interface BackendConfig {
  readonly name: string
  readonly address: string
  readonly port: number
  readonly logLevel: string
}

/**
 * Checks a configuration from a file or a command line.
 * @throws Error that names every invalid field, with the valid values
 */
export function parseBackendConfig(value: unknown): BackendConfig {
  const { name, address, port, logLevel } = (value ?? {}) as Record<string, unknown>
  const isPort = Number.isInteger(port) && Number(port) >= 1 && Number(port) <= 65_535
  const problems = [
    typeof name === 'string' && name !== '' ? '' : `name is ${show(name)}: it must be a text`,
    typeof address === 'string' && isIPv4(address) ? '' : `address is ${show(address)}: it must be an IPv4 address`,
    isPort ? '' : `port is ${show(port)}: it must be a whole number from 1 to 65535`,
    (LOG_LEVELS as readonly unknown[]).includes(logLevel)
      ? ''
      : `logLevel is ${show(logLevel)}: it must be one of ${LOG_LEVELS.join(', ')}`,
  ].filter((problem) => problem !== '')
  if (problems.length > 0) throw new Error(problems.join('; '))
  return { name, address, port, logLevel } as BackendConfig
}

function show(value: unknown): string {
  return value === undefined ? 'missing' : (JSON.stringify(value) ?? String(value))
}
