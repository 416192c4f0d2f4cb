/** What an endpoint tells its owner: bits of `takeEvents()`. */
export const TcpEvent = {
  /** Both ends are synchronized. */
  CONNECTED: 0x01,
  /** The peer has sent its FIN and everything before it has been delivered. */
  END: 0x02,
  /** The send buffer was full and is below half now. */
  WRITABLE: 0x04,
  /** The peer has reset the connection. */
  RESET: 0x08,
  /** The connection was refused: RST or ICMP in answer to our SYN. */
  REFUSED: 0x10,
  /** The peer has not answered for too long. */
  TIMEOUT: 0x20,
  /** Nothing is left; the owner can forget the endpoint. */
  CLOSED: 0x40,
} as const
