import type { LinkRequest } from '../../config/link-request.js'
import type { Together } from './fault-kind.js'
import type { LinkSide } from './links.js'
import type { InjectableFault } from './registry.js'

/** Returns the links that a word stands for. */
export function sidesOf(side: LinkRequest['side']): readonly LinkSide[] {
  return side === 'both' ? ['uplink', 'downlink'] : [side]
}

/** Returns the faults of a request without a {@link conflictOf}. All are of one kind. */
export function injectablesOf(request: LinkRequest): Together<InjectableFault> {
  const [first, ...others] = sidesOf(request.side).flatMap((side) => ofSide(request, side))
  if (first === undefined) throw new Error('a request has at least one fault')
  return [first, ...others]
}

function ofSide({ lb, directions, scope = 'all', faults }: LinkRequest, side: LinkSide): InjectableFault[] {
  const [one, ...others] = new Set(directions)
  const direction = one === undefined || others.length > 0 ? 'both' : one
  return faults.map((fault): InjectableFault => {
    switch (fault.kind) {
      case 'link-down':
        return { kind: 'link-down', role: lb, side }
      case 'flap':
        return { kind: 'link-flap', role: lb, side, upMs: fault.upMs, downMs: fault.downMs }
      default:
        return { kind: 'link-impaired', role: lb, side, direction, scope, fault }
    }
  })
}
