import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { ClusterConfig, ConfigOverrides } from '../config/cluster-config.js'
import type { ConfigResult } from '../config/config-error.js'
import { defaultConfig } from '../config/default-config.js'
import { MAX_CONFIG_BYTES } from '../config/limits.js'
import { loadConfig } from '../config/load.js'
import { limitRules } from '../config/machine.js'
import { WARNING_RULES, type WarningRule } from '../config/warnings.js'
import { CliError } from './cli-error.js'

/** Name of standard input, as in other programs. */
const STDIN = '-'

export type UsableConfig = Extract<ConfigResult<ClusterConfig>, { readonly ok: true }>

/**
 * Reads the configuration in a file, a FIFO or standard input (`-`), or returns the default one.
 * Rejects with a CliError if it can't be read. Never reads more than a configuration may have.
 */
export async function readConfig(
  file: string | undefined,
  overrides: ConfigOverrides,
  furtherRules: readonly WarningRule[] = [],
): Promise<ConfigResult<ClusterConfig>> {
  const rules = [...WARNING_RULES, ...limitRules(), ...furtherRules]
  if (file === undefined) return defaultConfig(overrides, rules)
  const name = file === STDIN ? 'standard input' : file
  const bytes = file === STDIN ? await readStdin() : readFile(file)
  if (bytes.length > MAX_CONFIG_BYTES)
    throw new CliError(`${name} is larger than a configuration may be: ${MAX_CONFIG_BYTES} bytes`, 2)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new CliError(`${name} is no text in UTF-8`, 2)
  }
  return loadConfig(text, name, overrides, rules)
}

/** Reads a file of any type, up to one byte more than the limit. */
function readFile(file: string): Buffer {
  let descriptor: number | undefined
  try {
    descriptor = openSync(file, 'r')
    if (fstatSync(descriptor).isDirectory())
      throw new CliError(`${file} is a directory: name the configuration file in it`, 2)
    const bytes = Buffer.alloc(MAX_CONFIG_BYTES + 1)
    let length = 0
    while (length < bytes.length) {
      const read = readSync(descriptor, bytes, length, bytes.length - length, null)
      if (read === 0) break
      length += read
    }
    return bytes.subarray(0, length)
  } catch (error) {
    if (error instanceof CliError) throw error
    throw new CliError(`${file} can't be read: ${(error as Error).message}`, 2)
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of process.stdin) {
      chunks.push(chunk as Buffer)
      length += (chunk as Buffer).length
      if (length > MAX_CONFIG_BYTES) break
    }
  } catch (error) {
    throw new CliError(`standard input can't be read: ${(error as Error).message}`, 2)
  }
  return Buffer.concat(chunks)
}
