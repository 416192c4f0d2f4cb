/** Identity of a speaker, from its OPEN. */
export interface SpeakerIdentity {
  /** BGP identifier, unsigned 32-bit number. */
  readonly routerId: number
  readonly as: number
}

/**
 * Returns which of two connections between the same speakers is kept (RFC 4271 §6.8): the one
 * dialled by the speaker with the higher BGP identifier. If these are equal, the higher AS number
 * decides (RFC 6286 §2.3).
 */
export function keptConnection(local: SpeakerIdentity, remote: SpeakerIdentity): 'dialled' | 'accepted' {
  const higher = local.routerId === remote.routerId ? local.as > remote.as : local.routerId > remote.routerId
  return higher ? 'dialled' : 'accepted'
}
