import { ErrorCode } from '@fivetuple/bgp'
import type { SpeakerError, SpeakerSession } from '@fivetuple/speaker'

/** The switch as its neighbours see it. */
interface LocalSpeaker {
  readonly address: string
  readonly port: number
  readonly as: number
}

/**
 * Advice for an external neighbour whose session is down, or whose prefixes are refused; null:
 * there is none.
 */
export function neighborRemedy(session: SpeakerSession, local: LocalSpeaker): string | null {
  const { state, address, port, lastError, attemptError, lastRefused } = session
  if (state === 'established') return lastRefused === null ? null : refusalRemedy(session.as, lastRefused.cause)
  if (lastError !== null) {
    const remedy = errorRemedy(session, lastError, local)
    // A later failed attempt may be a consequence: the daemon has closed the port, or is not
    // configured yet.
    if (remedy !== null) return remedy
  }
  if (port === null) return `the daemon must dial ${local.address}:${local.port} from ${address}; or remove 'passive'`
  if (attemptError === null) return null
  return `start a daemon that listens on ${address}:${port}, correct 'port', or let it dial ${local.address}:${local.port} from ${address}`
}

function errorRemedy({ address, as }: SpeakerSession, error: SpeakerError, local: LocalSpeaker): string | null {
  const { direction, code, subcode } = error
  if (direction === 'sent' && code === ErrorCode.MESSAGE_HEADER)
    return `the program at ${address} does not speak BGP: correct 'address' or 'port'`
  switch (`${direction} ${code}/${subcode}`) {
    case 'sent 2/2':
      return `make 'as' the daemon's AS, or put the daemon into AS ${as}`
    case 'sent 6/1':
      return "raise 'prefixLimit', or let the daemon announce fewer prefixes"
    case 'sent 6/10':
      return "BFD has found that the path failed: start BFD at the daemon again, or remove 'bfd'"
    case 'received 6/10':
      return "the daemon's BFD has found that the path failed: set 'bfd', or switch it off there"
    case 'received 2/2':
      return `the daemon must expect AS ${local.as} at ${local.address}`
    case 'received 3/8':
      return "set 'nextHop' to an address outside 127.0.0.0/8, which the daemon refuses as a martian"
    case 'received 6/1':
      return "raise the daemon's prefix limit, or export fewer prefixes to it"
    case 'received 6/2':
      return 'the session was shut down by the operator of the daemon'
    case 'received 6/5':
      return `the daemon has no neighbour ${local.address}: add it there`
    default:
      return null
  }
}

function refusalRemedy(as: number, cause: keyof SpeakerSession['refused']): string | null {
  switch (cause) {
    case 'notAllowed':
      return "add the prefix to 'allowedPrefixes', or let the daemon not announce it"
    case 'firstAs':
      return `the daemon must put its AS ${as} in front of AS_PATH, which a route server does not do`
    default:
      return null
  }
}
