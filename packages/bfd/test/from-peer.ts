import { type ControlPacket, encodeControlPacket } from '@fivetuple/bfd'
import type { End } from './two-sessions.js'

/** A packet as the peer of `end` would send it while both are Up, with some fields changed. */
export function fromPeer(end: End, changed: Partial<ControlPacket>): Uint8Array {
  const { localDiscriminator, remoteDiscriminator } = end.session.status()
  return encodeControlPacket({
    state: 'up',
    diagnostic: 0,
    poll: false,
    final: false,
    controlPlaneIndependent: false,
    demand: false,
    detectMultiplier: 3,
    myDiscriminator: remoteDiscriminator === 0 ? 2 : remoteDiscriminator,
    yourDiscriminator: localDiscriminator,
    desiredMinTxUs: 300_000,
    requiredMinRxUs: 300_000,
    requiredMinEchoRxUs: 0,
    ...changed,
  })
}
