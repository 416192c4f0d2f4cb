import { createSocket, type Socket } from 'node:dgram'

/** A UDP server that sends each datagram back to where it came from. Rejects when the address can't be bound. */
export function createUdpEcho(address: string, port: number): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.on('message', (payload, peer) => socket.send(payload, peer.port, peer.address, () => {}))
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address, port, exclusive: true }, () => {
      socket.off('error', reject)
      socket.on('error', () => {}) // ICMP about an answer that nobody waits for
      resolve(socket)
    })
  })
}
