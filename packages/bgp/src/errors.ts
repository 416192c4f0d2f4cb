/** Error in a peer's message, with the codes that are sent back in a NOTIFICATION (RFC 4271 §6). */
export interface BgpError {
  readonly code: number
  readonly subcode: number
  /** The NOTIFICATION's data field. */
  readonly data: Uint8Array
  /** Description for display. */
  readonly message: string
}

const NO_DATA = new Uint8Array(0)

/** Creates a {@link BgpError}. `data` is what RFC 4271 §6 requires, if anything. */
export function bgpError(code: number, subcode: number, message: string, data: Uint8Array = NO_DATA): BgpError {
  return { code, subcode, data, message }
}

/** Decoded value, or the error in its bytes. */
export type Decoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: BgpError }

/** Returns a decoded value. */
export function decoded<T>(value: T): Decoded<T> {
  return { ok: true, value }
}

/** Returns the error in the bytes of a value. */
export function undecodable(code: number, subcode: number, message: string, data?: Uint8Array): Decoded<never> {
  return { ok: false, error: bgpError(code, subcode, message, data) }
}
