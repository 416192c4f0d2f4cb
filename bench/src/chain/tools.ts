import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { versionOf } from '../program.js'
import { streamModule } from './nginx.js'

/** Daemons are here, which is not on everybody's PATH. */
const SYSTEM_DIRECTORY = '/usr/sbin'

/** Programs of others. */
export interface Tool {
  readonly command: string
  /** As it says itself. */
  readonly version: string
}

/** What there is to compare with and to make load with; what is missing is skipped. */
export interface Tools {
  readonly wrk: Tool | undefined
  readonly haproxy: Tool | undefined
  readonly nginx: Tool | undefined
  /** How nginx proxies TCP and UDP; undefined: it can't. */
  readonly nginxStream: { readonly module: string | undefined } | undefined
}

export interface ToolCommands {
  readonly wrk: string
  readonly haproxy: string
  readonly nginx: string
}

export function findTools(commands: ToolCommands): Tools {
  const nginx = find(commands.nginx, '-v', /nginx\/\S+/)
  return {
    wrk: findWrk(commands.wrk),
    haproxy: find(commands.haproxy, '-v', /HAProxy version \S+/),
    nginx,
    nginxStream: nginx && streamModule(versionOf(nginx.command, '-V') ?? ''),
  }
}

/** @param command wrk, or its path */
export function findWrk(command: string): Tool | undefined {
  return find(command, '-v', /wrk \S+/)
}

function find(name: string, flag: string, pattern: RegExp): Tool | undefined {
  const elsewhere = join(SYSTEM_DIRECTORY, name)
  for (const command of [name, ...(name.includes('/') || !existsSync(elsewhere) ? [] : [elsewhere])]) {
    const version = versionOf(command, flag)
    if (version !== undefined) return { command, version: pattern.exec(version)?.[0] ?? name }
  }
  return undefined
}
