/** Bytes from hex; blanks and `//` comments are for the reader. */
export function hex(text: string): Uint8Array {
  const digits = text.replaceAll(/\/\/.*$/gm, '').replaceAll(/\s+/g, '')
  if (!/^([0-9a-f]{2})*$/.test(digits)) throw new Error(`no hex: ${digits}`)
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16))
}

/** Sixteen octets of ones, length and type: RFC 4271 §4.1. */
export function header(length: number, type: number): string {
  return 'ff'.repeat(16) + length.toString(16).padStart(4, '0') + type.toString(16).padStart(2, '0')
}
