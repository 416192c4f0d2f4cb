/**
 * Which of two connections between the same speakers stays (RFC 4271 §6.8): the one that was dialled by the speaker with
 * the higher BGP identifier.
 * @param localId and @param remoteId BGP identifiers, unsigned 32-bit numbers
 */
export function keptConnection(localId: number, remoteId: number): 'ours' | 'theirs' {
  return localId > remoteId ? 'ours' : 'theirs'
}
