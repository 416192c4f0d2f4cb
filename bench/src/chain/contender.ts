/** Routes that requests take from the client to a backend, in the order of the first round. */
export const CONTENDERS = ['direct', 'fivetuple', 'haproxy', 'nginx'] as const
export type ContenderName = (typeof CONTENDERS)[number]

/** One of them, ready for load. */
export interface Contender {
  readonly name: ContenderName
  /**
   * Where clients connect, address:port, by service; a service that is not in here can't be
   * carried.
   */
  readonly entries: Readonly<Record<string, string>>
  /** Processes by hop, in the order in which requests meet them. */
  readonly hops: Readonly<Record<string, readonly number[]>>
  readonly stop: () => Promise<void>
}
