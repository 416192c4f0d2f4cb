/** By which ways requests get from the client to a backend; in the order of the first round. */
export const WAYS = ['direct', 'fivetuple', 'haproxy', 'nginx'] as const
export type WayName = (typeof WAYS)[number]

/** A way that is ready to be used. */
export interface Way {
  readonly name: WayName
  /** Where clients connect, address:port, by service; a service that is not in here can't be carried. */
  readonly entries: Readonly<Record<string, string>>
  /** Processes by hop, in the order in which requests meet them. */
  readonly hops: Readonly<Record<string, readonly number[]>>
  readonly stop: () => Promise<void>
}
