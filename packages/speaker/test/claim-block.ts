import { createServer } from 'node:net'
import { listenExclusive } from '@fivetuple/runtime'

const LOCK_PORT = 1789
const BLOCKS = 250

/**
 * The first three octets of a /24 that no other test process on this machine uses, not even one of another checkout. It is
 * held by a listening socket until this process ends.
 */
export async function claimBlock(): Promise<string> {
  for (let i = 0; i < BLOCKS; i++) {
    const block = `127.41.${(process.pid + i) % BLOCKS}`
    const server = createServer((socket) => socket.destroy()).unref()
    try {
      await listenExclusive(server, `${block}.254`, LOCK_PORT)
      return block
    } catch {
      // Somebody else's: the next one.
    }
  }
  throw new Error('all blocks in 127.41.0.0/16 are taken')
}
