/** Misbehaviour of a backend, set while it serves. */
export interface Behavior {
  /** Delay of each response, ms: 0 to 600,000. */
  readonly delayMs: number
  /** Share of requests that get the response 503, chosen at random: 0 to 1. */
  readonly failRatio: number
  /**
   * True if it does not listen: new connections and datagrams are refused. Established connections
   * are served.
   */
  readonly refuse: boolean
  /**
   * True if it accepts connections and datagrams, but sends no response. Stalled requests stay
   * stalled when this is switched off.
   */
  readonly stall: boolean
  /** Response of `/healthz`: the same as other routes, always 200, or always 503. */
  readonly healthz: (typeof HEALTHZ)[number]
}

export const HEALTHZ = ['same', 'ok', 'failing'] as const
export const DELAY_MAX_MS = 600_000

/** Behaviour by default: no misbehaviour. */
export const GOOD_BEHAVIOR: Behavior = Object.freeze({
  delayMs: 0,
  failRatio: 0,
  refuse: false,
  stall: false,
  healthz: 'same',
})

/** Validity check of each field, and its description. */
const RULES: { readonly [K in keyof Behavior]: readonly [(value: unknown) => boolean, string] } = {
  delayMs: [(value) => isWithin(value, DELAY_MAX_MS), `a number from 0 to ${DELAY_MAX_MS}`],
  failRatio: [(value) => isWithin(value, 1), 'a number from 0 to 1'],
  refuse: [isBoolean, 'true or false'],
  stall: [isBoolean, 'true or false'],
  healthz: [(value) => (HEALTHZ as readonly unknown[]).includes(value), `one of ${HEALTHZ.join(', ')}`],
}

/**
 * Checks a change of behaviour. Fields that are missing stay as they are.
 * @throws Error that names every invalid field, with the valid values
 */
export function parseBehaviorChange(value: unknown): Partial<Behavior> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`a behavior must be an object with some of the fields ${Object.keys(RULES).join(', ')}`)
  const problems = Object.entries(value).flatMap(([name, field]) => {
    if (!isField(name)) return [`${name} is unknown: the fields are ${Object.keys(RULES).join(', ')}`]
    const [isAllowed, allowed] = RULES[name]
    return isAllowed(field) ? [] : [`${name} is ${JSON.stringify(field) ?? String(field)}: it must be ${allowed}`]
  })
  if (problems.length > 0) throw new Error(problems.join('; '))
  return value as Partial<Behavior>
}

/** Treatment of one request. */
export interface Treatment {
  readonly outcome: 'serve' | 'fail' | 'stall'
  /** Time to wait first, ms. */
  readonly delayMs: number
}

const SERVE: Treatment = Object.freeze({ outcome: 'serve', delayMs: 0 })
const FAIL: Treatment = Object.freeze({ outcome: 'fail', delayMs: 0 })
const STALL: Treatment = Object.freeze({ outcome: 'stall', delayMs: 0 })

/**
 * Selects the treatment of a request.
 * @param random 0 to 1, 1 excluded; called only if some requests are to fail
 */
export function treat(behavior: Behavior, isHealthCheck: boolean, random: () => number): Treatment {
  const { delayMs, failRatio, stall, healthz } = behavior
  if (isHealthCheck && healthz !== 'same') return healthz === 'ok' ? SERVE : FAIL
  if (stall) return STALL
  if (delayMs === 0 && failRatio === 0) return SERVE
  return { outcome: failRatio > 0 && random() < failRatio ? 'fail' : 'serve', delayMs }
}

function isField(name: string): name is keyof Behavior {
  return Object.hasOwn(RULES, name)
}
function isWithin(value: unknown, max: number): boolean {
  return typeof value === 'number' && value >= 0 && value <= max
}
function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean'
}
