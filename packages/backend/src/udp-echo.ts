import { createSocket, type Socket } from 'node:dgram'

/**
 * A UDP server that sends each datagram back to where it came from. Rejects when the address can't be bound.
 * @param onDatagram called for each datagram; returns whether it is to be answered
 */
export function createUdpEcho(address: string, port: number, onDatagram: () => boolean): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.on('message', (payload, peer) => {
    if (onDatagram()) socket.send(payload, peer.port, peer.address, () => {})
  })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address, port, exclusive: true }, () => {
      socket.off('error', reject)
      socket.on('error', () => {}) // ICMP about an answer that nobody waits for
      resolve(socket)
    })
  })
}
