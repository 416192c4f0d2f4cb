import { type AuthenticationSection, BFD_STATES, type ControlPacket } from '@fivetuple/bfd'
import fc from 'fast-check'

const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const keyId = fc.nat(255)
const digestSection = (type: 'keyed-md5' | 'meticulous-keyed-md5' | 'keyed-sha1' | 'meticulous-keyed-sha1') => {
  const length = type.endsWith('md5') ? 16 : 20
  return fc.record({
    type: fc.constant(type),
    keyId,
    sequence: u32,
    digest: fc.uint8Array({ minLength: length, maxLength: length }),
  })
}
const sections: fc.Arbitrary<AuthenticationSection> = fc.oneof(
  fc.record({
    type: fc.constant('simple-password' as const),
    keyId,
    password: fc.uint8Array({ minLength: 1, maxLength: 16 }),
  }),
  digestSection('keyed-md5'),
  digestSection('meticulous-keyed-md5'),
  digestSection('keyed-sha1'),
  digestSection('meticulous-keyed-sha1'),
)

/** Any control packet that can be encoded. */
export const controlPackets: fc.Arbitrary<ControlPacket> = fc.record(
  {
    state: fc.constantFrom(...BFD_STATES),
    diagnostic: fc.nat(31),
    poll: fc.boolean(),
    final: fc.boolean(),
    controlPlaneIndependent: fc.boolean(),
    demand: fc.boolean(),
    detectMultiplier: fc.integer({ min: 1, max: 255 }),
    myDiscriminator: fc.integer({ min: 1, max: 0xffff_ffff }),
    yourDiscriminator: u32,
    desiredMinTxUs: u32,
    requiredMinRxUs: u32,
    requiredMinEchoRxUs: u32,
    authentication: sections,
  },
  {
    requiredKeys: [
      'state',
      'diagnostic',
      'poll',
      'final',
      'controlPlaneIndependent',
      'demand',
      'detectMultiplier',
      'myDiscriminator',
      'yourDiscriminator',
      'desiredMinTxUs',
      'requiredMinRxUs',
      'requiredMinEchoRxUs',
    ],
  },
)
