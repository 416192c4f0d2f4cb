import { createSocket } from 'node:dgram'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ClusterOperations, type ReadyReport, resultOf } from '@fivetuple/cluster'
import type { Random } from '@fivetuple/faults'

/** Parts of a cluster that a disturbance may affect. */
export interface Scene {
  readonly api: ClusterOperations
  readonly ready: ReadyReport
  readonly random: Random
  /** LBs and backends that disturbances may affect: never those of the bystanders. */
  readonly lbs: readonly string[]
  readonly backends: readonly string[]
  readonly web: { readonly host: string; readonly port: number }
  readonly udp: { readonly host: string; readonly port: number }
}

/** Disturbance of a cluster for some seconds. It is undone before it resolves. */
export interface Disturbance {
  readonly name: string
  readonly run: (scene: Scene) => Promise<void>
}

/** Longest time that a role is unresponsive: below the hold time, so that routes stay. */
const PAUSE_MAX_MS = 3_000
const HOLD_MS = 2_000

export const DISTURBANCES: readonly Disturbance[] = [
  { name: 'kill-lb', run: async ({ api, random, lbs }) => killRunning(api, oneOf(random, lbs)) },
  {
    name: 'pause-lb',
    run: async ({ api, random, lbs }) => {
      const lb = oneOf(random, lbs)
      await api.role.pause({ role: lb })
      await sleep(random.int(PAUSE_MAX_MS))
      await api.role.resume({ role: lb })
    },
  },
  {
    name: 'pause-downlink',
    run: async ({ api, random }) => {
      await api.role.pause({ role: 'downlink' })
      await sleep(random.int(PAUSE_MAX_MS))
      await api.role.resume({ role: 'downlink' })
    },
  },
  {
    name: 'link-down',
    run: async ({ api, random, lbs }) => {
      const lb = oneOf(random, lbs)
      const side = oneOf(random, ['uplink', 'downlink', 'both'] as const)
      await api.link.down({ lb, side })
      await sleep(HOLD_MS)
      await api.link.up({ lb, side })
    },
  },
  {
    name: 'drain-lb',
    run: async ({ api, random, lbs }) => {
      const lb = oneOf(random, lbs)
      await resultOf(api.lb.drain({ lb }))
      await sleep(HOLD_MS)
      await api.lb.undrain({ lb })
    },
  },
  {
    name: 'vip-off-and-on',
    run: async ({ api, random, lbs, ready }) => {
      const lb = oneOf(random, lbs)
      const { name } = oneOf(random, ready.vips)
      await api.vip.remove({ lb, vip: name })
      await sleep(HOLD_MS)
      await api.vip.add({ lb, vip: name })
    },
  },
  { name: 'kill-backend', run: async ({ api, random, backends }) => killRunning(api, oneOf(random, backends)) },
  {
    name: 'misbehaving-backend',
    run: async ({ api, random, backends }) => {
      const backend = oneOf(random, backends)
      const change = oneOf(random, [{ delayMs: 300 }, { failRatio: 0.3 }, { refuse: true }, { stall: true }])
      await api.backend.setBehavior({ backend, ...change })
      await sleep(HOLD_MS)
      await api.backend.restore({ backend })
    },
  },
  {
    name: 'drain-backend',
    run: async ({ api, random, backends }) => {
      const backend = oneOf(random, backends)
      await resultOf(api.backend.drain({ backend }))
      await sleep(HOLD_MS)
      await api.backend.undrain({ backend })
    },
  },
  { name: 'clients-abort', run: clientsAbort },
  { name: 'clients-half-close', run: clientsHalfClose },
  { name: 'idle-connections', run: ({ web }) => idleConnections(web, 1_200) },
  { name: 'udp-burst', run: udpBurst },
  { name: 'foreign-listeners', run: foreignListeners },
  { name: 'idle-api-connections', run: idleApiConnections },
  { name: 'garbage', run: garbage },
]

/** Kills a role once it is running: it may still be restarting after the last time. */
async function killRunning(api: ClusterOperations, name: string): Promise<void> {
  for (;;) {
    const { roles } = await api.status()
    if (roles.find((role) => role.name === name)?.state === 'running') break
    await sleep(50)
  }
  await api.role.kill({ role: name })
}

/** Downloads that their clients reset in the middle. */
async function clientsAbort({ web, random }: Scene): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: 50 }, () => open(web)))
  for (const socket of sockets) socket.write('GET /bytes/4000000 HTTP/1.1\r\nhost: soak\r\n\r\n')
  await sleep(random.int(300))
  for (const socket of sockets) socket.resetAndDestroy()
}

/** Uploads whose clients finish sending and read the rest. */
async function clientsHalfClose({ web }: Scene): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: 20 }, () => open(web)))
  await Promise.all(
    sockets.map(async (socket) => {
      const closed = new Promise((resolve) => socket.once('close', resolve))
      socket.resume()
      socket.end('POST /echo HTTP/1.1\r\nhost: soak\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello')
      await Promise.race([closed, sleep(HOLD_MS)])
      socket.destroy()
    }),
  )
}

async function idleConnections(to: { host: string; port: number }, count: number): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: count }, () => open(to)))
  await sleep(HOLD_MS)
  for (const socket of sockets) socket.destroy()
}

/** 400 sockets with five datagrams each. Each socket is one flow. */
async function udpBurst({ udp }: Scene): Promise<void> {
  const sockets = Array.from({ length: 400 }, () => createSocket('udp4').on('error', () => {}))
  for (let i = 0; i < 5; i++) for (const socket of sockets) socket.send('soak', udp.port, udp.host, () => {})
  await sleep(HOLD_MS)
  for (const socket of sockets) socket.close()
}

/** Foreign listeners on ports that LBs choose as source ports. */
async function foreignListeners({ ready, random }: Scene): Promise<void> {
  const servers: Server[] = []
  for (const { bip } of ready.lbs)
    for (let i = 0; i < 30; i++) {
      const server = createServer((socket) => socket.destroy()).on('error', () => {})
      server.listen({ host: bip, port: 4_096 + random.int(28_000), exclusive: true })
      servers.push(server)
    }
  await sleep(HOLD_MS)
  for (const server of servers) server.close()
}

/**
 * More connections than the API takes, from a client without the token. Its owner must still be
 * served.
 */
async function idleApiConnections({ ready, api }: Scene): Promise<void> {
  const { hostname: host, port } = new URL(ready.api)
  const sockets = await Promise.all(Array.from({ length: 130 }, () => open({ host, port: Number(port) })))
  await api.status()
  for (const socket of sockets) socket.destroy()
}

/** Bytes of no protocol at every port of the switches. */
async function garbage({ ready, random }: Scene): Promise<void> {
  for (const { address } of ready.switches)
    for (const port of [1_790, 4_701, 4_702]) {
      const socket = await open({ host: address, port })
      socket.write(Buffer.from(Array.from({ length: 200 }, () => random.int(256))))
      await sleep(50)
      socket.destroy()
    }
}

/** Connects. A socket that could not is returned as well, destroyed. */
function open({ host, port }: { host: string; port: number }): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, allowHalfOpen: true, timeout: HOLD_MS })
    socket.on('error', () => {})
    socket.once('timeout', () => resolve(socket))
    socket.once('connect', () => resolve(socket))
    socket.once('close', () => resolve(socket))
  })
}

export function oneOf<T>(random: Random, choices: readonly T[]): T {
  return choices[random.int(choices.length)]!
}
