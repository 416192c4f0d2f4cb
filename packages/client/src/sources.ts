/** Source of one connection. */
export interface Source {
  /** Dotted quad. */
  readonly address: string
  /** 0: the kernel chooses. */
  readonly port: number
}

/** Sources of the connections of a probe. */
export interface Sources {
  /**
   * Returns the source of a connection.
   * @param i number of the connection, from 0
   * @param attempt how often it has been opened before, or its source port was taken
   */
  source(i: number, attempt: number): Source
}
