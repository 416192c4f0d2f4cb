import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { fetchOnce } from './http-probe.js'
import { until } from './test-cluster.js'

const BACKEND = fileURLToPath(new URL('main.js', import.meta.resolve('@fivetuple/backend')))

/** A backend that nobody starts again when it dies: a server of the user's own. */
export class OwnServer {
  readonly name: string
  readonly address: string
  readonly port: number
  #process: ChildProcess | undefined

  constructor(name: string, address: string, port: number) {
    this.name = name
    this.address = address
    this.port = port
  }

  /** Starts servers name-1 to name-n at `<block>.3.k:8080`; they end with the test. */
  static async start(t: Test, block: string, count: number): Promise<OwnServer[]> {
    const prefix = block.split('.').slice(0, 2).join('.')
    const servers = Array.from({ length: count }, (_, i) => new OwnServer(`own-${i + 1}`, `${prefix}.3.${i + 1}`, 8080))
    t.teardown(() => Promise.all(servers.map((server) => server.kill())))
    await Promise.all(servers.map((server) => server.start()))
    return servers
  }

  async start(): Promise<void> {
    const { name, address, port } = this
    const options = ['--name', name, '--address', address, '--port', String(port), '--log-level', 'warn']
    this.#process = spawn(process.execPath, [BACKEND, ...options], { stdio: ['ignore', 'inherit', 'inherit'] })
    const isUp = () =>
      fetchOnce(`http://${address}:${port}/healthz`).then(
        ({ status }) => status === 200,
        () => false,
      )
    await until(isUp, `${name} listens`)
  }

  /** Ends it outright. */
  async kill(): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  get yaml(): string {
    return `{ name: ${this.name}, address: ${this.address}, port: ${this.port} }`
  }
}
