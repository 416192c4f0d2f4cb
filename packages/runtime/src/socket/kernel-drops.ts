import { readFile } from 'node:fs/promises'

const TABLE = '/proc/net/udp'

/** A UDP socket of this network namespace whose receive buffer has overflowed. */
export interface OverflowedSocket {
  readonly address: number
  readonly port: number
  /** The socket's peer; 0 and 0: it has none. */
  readonly peerAddress: number
  readonly peerPort: number
  /** Names the socket for as long as it exists. */
  readonly inode: string
  /** Datagrams dropped since it was made. */
  readonly drops: number
}

/** Sockets with drops in the text of `/proc/net/udp`. Lines of another form are passed over. */
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

/** The kernel prints the four bytes as one number of this machine's byte order, which is little-endian wherever Node.js runs Linux. */
function addressOf(hex: string): number {
  const n = Number.parseInt(hex, 16)
  return (((n & 0xff) << 24) | ((n & 0xff00) << 8) | ((n >>> 8) & 0xff00) | (n >>> 24)) >>> 0
}

/**
 * Counts what the kernel drops because the receive buffer of a UDP socket is full. The table is read as a whole, so it is to be
 * sampled rarely. Elsewhere than on Linux there is no table and nothing is counted.
 */
export class KernelDrops {
  readonly #read: () => Promise<string>
  #seen: Map<string, number> | undefined
  #last: Promise<void> = Promise.resolve()

  /** @param read returns the table's text; default: that of `/proc/net/udp` */
  constructor(read: () => Promise<string> = () => readFile(TABLE, 'latin1')) {
    this.#read = read
  }

  /**
   * Calls `count` for each socket that has dropped datagrams since the last call, with their number. The first call finds what was
   * dropped before, and counts nothing.
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
