/** Routes that requests take from the client to a backend, in the order of the first round. */
export const CONTENDERS = ['direct', 'fivetuple', 'haproxy', 'nginx'] as const
export type ContenderName = (typeof CONTENDERS)[number]

/** Contender, ready for load. */
export interface Contender {
  readonly name: ContenderName
  /**
   * Address and port that clients connect to, per service. A service that is missing can't be
   * carried.
   */
  readonly entries: Readonly<Record<string, string>>
  /** Processes per hop, in the order in which requests pass them. */
  readonly hops: Readonly<Record<string, readonly number[]>>
  readonly stop: () => Promise<void>
}
