/**
 * Selection among the member links of a cable: what is written to the cable's output leaves by the
 * selected one.
 */
export interface MemberLinks {
  /** Number of the selected member link, from 0. */
  readonly selected: number
  select(memberLink: number): void
}

/** Of a cable of one link. */
export const SINGLE_LINK: MemberLinks = { selected: 0, select() {} }
