import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { until } from './test-cluster.js'

/** A server from a Debian package, run in the foreground with a configuration of the test's own. */
export interface DebianServer {
  /** Its program; Debian puts daemons where an ordinary user's PATH does not lead. */
  readonly program: string
  /** Name of the package. */
  readonly package: string
  readonly args: (configFile: string, directory: string) => readonly string[]
}

export const HAPROXY: DebianServer = {
  program: 'haproxy',
  package: 'haproxy',
  args: (file) => ['-db', '-f', file],
}

export const NGINX: DebianServer = {
  program: 'nginx',
  package: 'nginx-light',
  args: (file, directory) => ['-p', directory, '-e', 'stderr', '-c', file, '-g', 'daemon off;'],
}

/** Reason why a test can't run here, or false. In CI the package is always installed. */
export function isMissing({ program, package: name }: DebianServer): string | false {
  return pathOf(program) !== undefined || process.env.CI
    ? false
    : `${program} is not installed (Debian package ${name})`
}

/** Starts the server; it ends with the test. */
export function startServer(t: Test, server: DebianServer, config: string): ChildProcess {
  const directory = mkdtempSync(join(tmpdir(), 'fivetuple-server-'))
  const file = join(directory, 'server.conf')
  writeFileSync(file, config)
  const child = spawn(pathOf(server.program) ?? server.program, server.args(file, directory), {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGTERM')
    await exited
    rmSync(directory, { recursive: true, force: true })
  })
  return child
}

/** Waits until a server accepts connections. */
export async function untilListens(host: string, port: number): Promise<void> {
  const accepts = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect({ host, port }, () => {
        socket.destroy()
        resolve(true)
      }).on('error', () => resolve(false))
    })
  await until(accepts, `${host}:${port} listens`)
}

function pathOf(program: string): string | undefined {
  if (spawnSync(program, ['-v']).error === undefined) return program
  const path = join('/usr/sbin', program)
  return existsSync(path) ? path : undefined
}
