import { DatagramSocket, explainListenError } from '@fivetuple/runtime'

/** Requested size of the receive buffer, bytes: a burst waits there while responses are sent. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024

/**
 * Creates a UDP server that sends each datagram back to its source. Rejects if the address can't be
 * bound.
 * @param onDatagram called for each datagram; returns true if it is to be sent back
 */
export function createUdpEcho(address: string, port: number, onDatagram: () => boolean): Promise<DatagramSocket> {
  return new Promise((resolve, reject) => {
    const socket = new DatagramSocket(
      { address, port, receiveBufferBytes: RECEIVE_BUFFER_BYTES },
      {
        onOpen: () => resolve(socket),
        onMessage: (payload, peer, peerPort) => {
          if (onDatagram()) socket.sendTo(payload, peer, peerPort)
        },
        // ICMP errors about a response, or a peer that can't be reached, are ignored.
        onError: (code, operation) => {
          if (operation !== 'bind') return
          const error = { code, message: `bind ${code}` }
          reject(new Error(explainListenError(error, address, port)))
        },
      },
    )
    socket.open()
  })
}
