/** Service of a VIP as clients see it. */
export interface ClientEdgeService {
  readonly name: string
  /** The VIP in the fabric. */
  readonly address: number
  readonly port: number
  /** Address and port that its clients dial: the same, or others when it is exposed. */
  readonly listen: { readonly address: string; readonly port: number }
}
