import { DatagramSocket, type DatagramSocketOptions } from '@fivetuple/runtime'

/** UDP port of sessions over one hop (RFC 5881 §4). */
export const SINGLE_HOP_PORT = 3_784
/** UDP port of sessions over several hops (RFC 5883 §5). */
export const MULTIHOP_PORT = 4_784
/** First and last source port (RFC 5881 §4). */
const SOURCE_PORT_FIRST = 49_152
const SOURCE_PORT_LAST = 65_535
/** Source ports that are tried before the bind counts as failed. */
const SOURCE_PORT_ATTEMPTS = 64
/** RFC 5881 §5; with several hops, too, since FRR drops what arrives with less than 254. */
const TTL = 255

/** Takes a datagram from `address`. The bytes belong to the receiver. */
export type OnDatagram = (payload: Uint8Array, address: string) => void

/** Socket that receives. */
export interface Receiver {
  readonly socket: DatagramSocket
  /** True if another program has the port at all addresses. */
  readonly isAddressShared: boolean
}

/**
 * Opens the socket that receives the packets of all sessions of one kind at a local address. The
 * address is shared only with a daemon that has the port at all addresses and allows that, as FRR
 * does: the kernel then gives us what is sent to our address. Rejects with the remedy if the
 * address is in use otherwise.
 */
export async function openReceiver(address: string, port: number, onDatagram: OnDatagram): Promise<Receiver> {
  const exclusive = await open({ address, port }, onDatagram)
  if (typeof exclusive !== 'string') return { socket: exclusive, isAddressShared: false }
  const shared =
    exclusive === 'EADDRINUSE' ? await open({ address, port, isAddressShared: true }, onDatagram) : exclusive
  if (typeof shared !== 'string') return { socket: shared, isAddressShared: true }
  throw new Error(
    `BFD can't bind ${address}:${port} (${shared}): another cluster in this block, or a BFD daemon that listens on all addresses, has the port. ` +
      `Stop it, let it listen on its own addresses only (BIRD: 'strict bind yes'), ` +
      `choose another block (--block auto), or switch BFD off ('bfd: off')`,
  )
}

/**
 * Opens the socket that a session sends from, at a source port of its own.
 *
 * @param random number of at least 0 and below 1
 */
export async function openSender(address: string, random: () => number, onError: () => void): Promise<DatagramSocket> {
  const count = SOURCE_PORT_LAST - SOURCE_PORT_FIRST + 1
  const first = Math.floor(random() * count)
  let code = ''
  for (let i = 0; i < SOURCE_PORT_ATTEMPTS; i++) {
    const port = SOURCE_PORT_FIRST + ((first + i) % count)
    const opened = await open({ address, port, ttl: TTL }, () => {}, onError)
    if (typeof opened !== 'string') return opened
    code = opened
    if (code !== 'EADDRINUSE') break
  }
  throw new Error(
    `BFD can't bind a source port from ${SOURCE_PORT_FIRST} to ${SOURCE_PORT_LAST} at ${address} (${code})`,
  )
}

/** Returns the open socket, or the errno of the bind. */
function open(
  options: DatagramSocketOptions,
  onMessage: OnDatagram,
  onError: () => void = () => {},
): Promise<DatagramSocket | string> {
  return new Promise((resolve) => {
    const socket: DatagramSocket = new DatagramSocket(options, {
      onOpen: () => resolve(socket),
      onMessage,
      onError: (code, operation) => {
        if (operation === 'bind') resolve(code)
        else onError()
      },
    })
    socket.open()
  })
}
