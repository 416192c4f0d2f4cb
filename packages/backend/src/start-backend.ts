import { Server as NetServer } from 'node:net'
import { type DatagramSocket, explainListenError, listenExclusive } from '@fivetuple/runtime'
import { type Behavior, GOOD_BEHAVIOR, parseBehaviorChange } from './behavior.js'
import type { BackendConfig } from './config.js'
import type { BackendStatus } from './contract.js'
import { createBackend, newBackendCounters } from './create-backend.js'
import { createUdpEcho } from './udp-echo.js'

/** Running backend, with HTTP and UDP echo on the same port number. */
export interface Backend {
  status(): Promise<BackendStatus>
  /**
   * Changes the fields in `change` (see {@link Behavior}) and leaves the others as they are.
   * Resolves once the change applies. Calls are carried out one after the other.
   *
   * Rejects if `change` is invalid, or if its address can't be listened on again: it still refuses
   * then.
   */
  setBehavior(change: unknown): Promise<Behavior>
  close(): Promise<void>
}

/** Starts a backend. Rejects if its address can't be listened on. */
export async function startBackend(config: Pick<BackendConfig, 'name' | 'address' | 'port'>): Promise<Backend> {
  const { name, address, port } = config
  const counters = newBackendCounters()
  let behavior = GOOD_BEHAVIOR
  let changes: Promise<unknown> = Promise.resolve()
  const server = createBackend({ name, behavior: () => behavior, counters })
  await server.listen({ host: address, port, exclusive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new Error(explainListenError(error, address, port))
  })
  const openEcho = () =>
    createUdpEcho(address, port, () => {
      counters.datagrams++
      return !behavior.stall
    })
  let echo: DatagramSocket | undefined = await openEcho()

  /** Closes the listener only: http.Server's own close would end idle connections too. */
  const stopListening = () => NetServer.prototype.close.call(server.server)

  async function refuse(refused: boolean): Promise<void> {
    if (refused) {
      stopListening()
      void echo?.close()
      echo = undefined
      return
    }
    await listenExclusive(server.server, address, port)
    echo = await openEcho().catch((error: unknown) => {
      stopListening()
      throw error
    })
  }

  async function change(value: unknown): Promise<Behavior> {
    const wanted = { ...behavior, ...parseBehaviorChange(value) }
    if (wanted.refuse !== behavior.refuse) await refuse(wanted.refuse)
    behavior = wanted
    return behavior
  }

  return {
    status: async () => ({
      name,
      address,
      port,
      listening: server.server.listening,
      connections: await new Promise<number>((resolve) => {
        server.server.getConnections((_error, count) => resolve(count))
      }),
      ...counters,
      behavior,
    }),
    setBehavior(value) {
      const changed = changes.then(() => change(value))
      changes = changed.catch(() => {})
      return changed
    },
    async close() {
      await changes
      await echo?.close()
      await server.close()
    },
  }
}
