import type { PolicyBackend } from './policy.js'

/**
 * Returns true if `a` would have fewer sessions for its weight than `b`, with one more session
 * each: so weights count from the first flow on.
 */
export function isLessLoaded(a: PolicyBackend, b: PolicyBackend): boolean {
  return (a.sessions + 1) * b.weight < (b.sessions + 1) * a.weight
}
