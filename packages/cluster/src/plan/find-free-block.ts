import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { AddressPlan } from './address-plan.js'
import { API_PORT, DOWNLINK_CABLE_PORT, UPLINK_CABLE_PORT } from './ports.js'

/**
 * Second octets to choose from: away from 127.0 and 127.1, which are popular, and from the default
 * block 127.20.
 */
const FIRST = 21
const LAST = 250

/**
 * Finds a block where nobody listens on the addresses of the switches and the launcher. The search
 * starts at random, so clusters that start at the same time rarely choose the same block. A cluster
 * that loses this race can't listen, and should try again.
 *
 * @param taken addresses of others, dotted quads, which the block must not contain
 * @returns the block, CIDR
 * @throws Error if none is free, or if loopback addresses can't be bound on this machine
 */
export async function findFreeBlock(taken: readonly string[] = []): Promise<string> {
  const count = LAST - FIRST + 1
  const start = randomInt(count)
  for (let i = 0; i < count; i++) {
    const block = `127.${FIRST + ((start + i) % count)}.0.0/16`
    const addresses = new AddressPlan(block)
    if (!taken.some((address) => addresses.contains(address)) && (await isFree(addresses))) return block
  }
  throw new Error(
    `no block from 127.${FIRST}.0.0/16 to 127.${LAST}.0.0/16 is free: stop a cluster, or name one with --block`,
  )
}

async function isFree(addresses: AddressPlan): Promise<boolean> {
  const probes: readonly [string, number][] = [
    [addresses.launcher, API_PORT],
    [addresses.uplink, UPLINK_CABLE_PORT],
    [addresses.downlink, DOWNLINK_CABLE_PORT],
  ]
  return (await Promise.all(probes.map(([address, port]) => canListen(address, port)))).every(Boolean)
}

function canListen(address: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false)
      else if (error.code === 'EADDRNOTAVAIL')
        reject(new Error(`${address} can't be bound: this system has no addresses in 127.0.0.0/8 but 127.0.0.1`))
      else reject(error)
    })
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
