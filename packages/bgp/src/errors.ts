/**
 * What is wrong with a peer's message, with the codes that go back to it in a NOTIFICATION
 * (RFC 4271 §6).
 */
export interface BgpError {
  readonly code: number
  readonly subcode: number
  /** The NOTIFICATION's data field. */
  readonly data: Uint8Array
  /** For people. */
  readonly message: string
}

const NO_DATA = new Uint8Array(0)

/** Makes a {@link BgpError}; `data` is what RFC 4271 §6 asks for, if anything. */
export function bgpError(code: number, subcode: number, message: string, data: Uint8Array = NO_DATA): BgpError {
  return { code, subcode, data, message }
}

/** A value, or what is wrong with the bytes that should have been one. */
export type Decoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: BgpError }

/** A value that the bytes were. */
export function decoded<T>(value: T): Decoded<T> {
  return { ok: true, value }
}

/** What the bytes were instead of a value. */
export function undecodable(code: number, subcode: number, message: string, data?: Uint8Array): Decoded<never> {
  return { ok: false, error: bgpError(code, subcode, message, data) }
}
