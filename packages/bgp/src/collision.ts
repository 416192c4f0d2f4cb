/** A speaker as its OPEN shows it. */
export interface SpeakerIdentity {
  /** BGP identifier, unsigned 32-bit number. */
  readonly routerId: number
  readonly as: number
}

/**
 * Which of two connections between the same speakers stays (RFC 4271 §6.8): the one that was
 * dialled by the speaker with the higher BGP identifier; when these are equal, with the higher AS
 * number (RFC 6286 §2.3).
 */
export function keptConnection(local: SpeakerIdentity, remote: SpeakerIdentity): 'dialled' | 'accepted' {
  const higher = local.routerId === remote.routerId ? local.as > remote.as : local.routerId > remote.routerId
  return higher ? 'dialled' : 'accepted'
}
