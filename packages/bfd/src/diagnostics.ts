/** Diagnostic codes (RFC 5880 §4.1, field Diag). Codes 9 to 31 are reserved. */
export const DIAGNOSTICS = {
  none: 0,
  detectionTimeExpired: 1,
  echoFailed: 2,
  neighborSignaledDown: 3,
  forwardingPlaneReset: 4,
  pathDown: 5,
  concatenatedPathDown: 6,
  administrativelyDown: 7,
  reverseConcatenatedPathDown: 8,
} as const

/** Largest code of the field, 5 bits. */
export const DIAGNOSTIC_MAX = 31

const TEXTS = [
  'no diagnostic',
  'control detection time expired',
  'echo function failed',
  'neighbor signaled session down',
  'forwarding plane reset',
  'path down',
  'concatenated path down',
  'administratively down',
  'reverse concatenated path down',
]

/**
 * Returns the RFC's words for a diagnostic code.
 * @param code 0 to 31
 * @example diagnosticText(1) // 'control detection time expired'
 */
export function diagnosticText(code: number): string {
  return TEXTS[code] ?? `reserved diagnostic ${code}`
}
