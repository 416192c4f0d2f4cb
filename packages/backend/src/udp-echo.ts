import { DatagramSocket, explainListenError } from '@fivetuple/runtime'

/** Receive buffer to ask for, bytes: a burst waits there while responses are sent. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024

/**
 * A UDP server that sends each datagram back to where it came from. Rejects when the address can't
 * be bound.
 * @param onDatagram called for each datagram; returns whether it is to be answered
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
        // ICMP about a response that nobody waits for, or a peer that nothing can be sent to, is
        // the peer's affair.
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
