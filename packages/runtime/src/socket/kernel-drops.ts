import { readFile } from 'node:fs/promises'

const TABLE = '/proc/net/udp'

/** A UDP socket of this network namespace whose receive buffer has overflowed. */
export interface OverflowedSocket {
  readonly address: number
  readonly port: number
  /** Peer of the socket; 0 and 0: it has none. */
  readonly peerAddress: number
  readonly peerPort: number
  /** Identity of the socket while it exists. */
  readonly inode: string
  /** Number of datagrams dropped since the socket was created. */
  readonly drops: number
}

/** Returns the sockets with drops in the text of `/proc/net/udp`. Other lines are ignored. */
export function parseUdpDrops(text: string): OverflowedSocket[] {
  const sockets: OverflowedSocket[] = []
  for (const [, local, localPort, peer, peerPort, inode, drops] of text.matchAll(
    /^ *\d+: ([0-9A-F]{8}):([0-9A-F]{4}) ([0-9A-F]{8}):([0-9A-F]{4}) (?:\S+ +){6}(\d+) \d+ \S+ ([1-9]\d*) *$/gm,
  ))
    sockets.push({
      address: addressOf(local!),
      port: Number.parseInt(localPort!, 16),
      peerAddress: addressOf(peer!),
      peerPort: Number.parseInt(peerPort!, 16),
      inode: inode!,
      drops: Number(drops),
    })
  return sockets
}

/**
 * Decodes an address, which the kernel prints as one number in the byte order of the machine: it is
 * little-endian on all Linux machines that Node.js runs on.
 */
function addressOf(hex: string): number {
  const n = Number.parseInt(hex, 16)
  return (((n & 0xff) << 24) | ((n & 0xff00) << 8) | ((n >>> 8) & 0xff00) | (n >>> 24)) >>> 0
}

/**
 * Counts datagrams that the kernel drops because the receive buffer of a UDP socket is full. Each
 * sample reads the whole table, so samples must be rare. Only Linux has the table; elsewhere
 * nothing is counted.
 */
export class KernelDrops {
  readonly #read: () => Promise<string>
  #seen: Map<string, number> | undefined
  #last: Promise<void> = Promise.resolve()

  /** @param read returns the text of the table; default: that of `/proc/net/udp` */
  constructor(read: () => Promise<string> = () => readFile(TABLE, 'latin1')) {
    this.#read = read
  }

  /**
   * Calls `count` for each socket that has dropped datagrams since the last call, with their
   * number. The first call counts nothing, since its drops are older.
   */
  sample(count: (socket: OverflowedSocket, drops: number) => void): Promise<void> {
    this.#last = this.#last.then(() => this.#sample(count))
    return this.#last
  }

  async #sample(count: (socket: OverflowedSocket, drops: number) => void): Promise<void> {
    const sockets = parseUdpDrops(await this.#read().catch(() => ''))
    const before = this.#seen
    this.#seen = new Map(sockets.map(({ inode, drops }) => [inode, drops]))
    if (before === undefined) return
    for (const socket of sockets) {
      const drops = socket.drops - (before.get(socket.inode) ?? 0)
      if (drops > 0) count(socket, drops)
    }
  }
}
