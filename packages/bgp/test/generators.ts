import { type Announcement, type PathAttributes, SegmentType } from '@fivetuple/bgp'
import { type Prefix, prefixOf } from '@fivetuple/packet'
import fc from 'fast-check'

/** Plain objects, as decoders make them. */
const plain = { noNullPrototype: true }

const u32 = fc.integer({ min: 0, max: 0xffff_ffff })

export const anyPrefix: fc.Arbitrary<Prefix> = fc
  .tuple(u32, fc.integer({ min: 0, max: 32 }))
  .map(([address, length]) => prefixOf(address, length))

export const anyAttributes: fc.Arbitrary<PathAttributes> = fc.record(
  {
    origin: fc.integer({ min: 0, max: 2 }),
    asPath: fc.array(
      fc.record(
        {
          type: fc.constantFrom(SegmentType.AS_SET, SegmentType.AS_SEQUENCE),
          asns: fc.array(fc.integer({ min: 1, max: 0xffff_ffff }), { minLength: 1, maxLength: 70 }),
        },
        plain,
      ),
      { maxLength: 3 },
    ),
    nextHop: fc.integer({ min: 0x0100_0000, max: 0xdfff_ffff }),
    med: fc.option(u32, { nil: undefined }),
    localPref: fc.option(u32, { nil: undefined }),
    communities: fc.array(u32, { maxLength: 80 }),
  },
  plain,
)

export const anyAnnouncement: fc.Arbitrary<Announcement> = fc.record(
  {
    prefixes: fc.array(anyPrefix, { minLength: 1, maxLength: 2_000, size: 'max' }),
    attributes: anyAttributes,
  },
  plain,
)
