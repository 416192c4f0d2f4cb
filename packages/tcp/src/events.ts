/** Events that an endpoint reports to its owner: bits of `takeEvents()`. */
export const TcpEvent = {
  /** Both ends are synchronized. */
  CONNECTED: 0x01,
  /** The peer has sent its FIN and everything before it has been delivered. */
  END: 0x02,
  /** The send buffer was full and is now below half. */
  WRITABLE: 0x04,
  /** The peer has reset the connection. */
  RESET: 0x08,
  /** The connection was refused: RST or ICMP in response to our SYN. */
  REFUSED: 0x10,
  /** The peer has not responded within the timeout. */
  TIMEOUT: 0x20,
  /** Nothing is left: the owner can delete the endpoint. */
  CLOSED: 0x40,
} as const
