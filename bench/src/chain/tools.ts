import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { versionOf } from '../program.js'
import { streamModule } from './nginx.js'

/** Directory of daemons, which is often not on the PATH. */
const SYSTEM_DIRECTORY = '/usr/sbin'

/** Programs that the bench uses. */
export interface Tool {
  readonly command: string
  /** Version, as the program prints it. */
  readonly version: string
}

/** Installed programs, to compare with and to make load. Missing ones are skipped. */
export interface Tools {
  readonly wrk: Tool | undefined
  readonly haproxy: Tool | undefined
  readonly nginx: Tool | undefined
  /** Stream module of nginx; undefined: it can't proxy TCP and UDP. */
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
