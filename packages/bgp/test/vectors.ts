import { hex } from './hex.js'

/**
 * An OPEN or UPDATE body with what it says; captured from real daemons, or built by hand from the
 * RFC.
 */
export interface OpenVector {
  readonly name: string
  readonly body: Uint8Array
  readonly expected: object
}

export interface UpdateVector extends OpenVector {
  readonly fourOctetAs: boolean
}

const route = (
  prefixes: readonly string[],
  nextHop: string,
  asPath: readonly number[],
  rest: { origin?: number; med?: number; localPref?: number; communities?: readonly number[] } = {},
) => ({ prefixes, nextHop, asPath, origin: 0, med: undefined, localPref: undefined, communities: [], ...rest })

export const OPEN_VECTORS: readonly OpenVector[] = [
  {
    name: 'RFC 4271 §4.2: no capabilities',
    body: hex(`
      04        // version
      fde8      // AS 65000
      00b4      // hold time 180
      c0000201  // 192.0.2.1
      00        // no parameters`),
    expected: {
      as: 65_000,
      holdTime: 180,
      routerId: 0xc000_0201,
      fourOctetAs: false,
      routeRefresh: false,
      families: [],
    },
  },
  {
    name: 'captured from BIRD 2.0.12',
    body: hex(`
      04 5ba0 0009 0a000002     // AS_TRANS, hold time 9, 10.0.0.2
      18                        // 24 bytes of parameters
      02 16                     // capabilities, 22 bytes, all in one parameter
        01 04 0001 00 01        // IPv4 unicast
        02 00                   // route refresh
        40 02 0078              // graceful restart: we don't know it
        41 04 fa56ea02          // AS 4200000002
        46 00                   // enhanced route refresh: we don't know it
        47 00                   // long-lived graceful restart: we don't know it`),
    expected: {
      as: 4_200_000_002,
      holdTime: 9,
      routerId: 0x0a00_0002,
      fourOctetAs: true,
      routeRefresh: true,
      families: [0x101],
    },
  },
  {
    name: 'captured from GoBGP 3.10.0',
    body: hex(`
      04 5ba0 0009 0a000003     // AS_TRANS, hold time 9, 10.0.0.3
      1e                        // 30 bytes of parameters
      02 1c
        02 00                   // route refresh
        49 04 02 766d 00        // host name "vm": we don't know it
        01 04 0001 00 01        // IPv4 unicast
        41 04 fa56ea03          // AS 4200000003
        05 06 0001 0001 0002    // extended next hop: we don't know it`),
    expected: {
      as: 4_200_000_003,
      holdTime: 9,
      routerId: 0x0a00_0003,
      fourOctetAs: true,
      routeRefresh: true,
      families: [0x101],
    },
  },
]

export const UPDATE_VECTORS: readonly UpdateVector[] = [
  {
    name: 'RFC 4271 §4.3: prefix lengths that are no multiple of eight; trailing bits mean nothing',
    fourOctetAs: true,
    body: hex(`
      0000
      0014
      40 01 01 02                   // ORIGIN incomplete
      40 02 06 02 01 0000fde9       // AS_PATH 65001
      40 03 04 c0000201             // NEXT_HOP 192.0.2.1
      00                            // 0.0.0.0/0
      0a c67f                       // 198.64.0.0/10, with junk behind the tenth bit`),
    expected: {
      withdrawn: [],
      announced: [route(['0.0.0.0/0', '198.64.0.0/10'], '192.0.2.1', [65_001], { origin: 2 })],
      fault: undefined,
    },
  },
  {
    name: 'RFC 4760: IPv4 unicast in MP_REACH_NLRI and MP_UNREACH_NLRI',
    fourOctetAs: true,
    body: hex(`
      0000
      002e
      40 01 01 00
      40 02 06 02 01 0000fde9
      80 04 04 0000002a             // MED 42
      80 0e 0d 0001 01 04 c0000202 00 18 c61201  // 198.18.1.0/24 via 192.0.2.2
      80 0f 07 0001 01 18 c61202    // 198.18.2.0/24 is gone
    `),
    expected: {
      withdrawn: ['198.18.2.0/24'],
      announced: [route(['198.18.1.0/24'], '192.0.2.2', [65_001], { med: 42 })],
      fault: undefined,
    },
  },
  {
    name: 'RFC 4724: End-of-RIB, captured from BIRD',
    fourOctetAs: true,
    body: hex('0000 0000'),
    expected: { withdrawn: [], announced: [], fault: undefined },
  },
  {
    name: 'captured from BIRD 2.0.12: two prefixes, four-octet AS',
    fourOctetAs: true,
    body: hex(`
      0000
      0014
      40 01 01 00
      40 02 06 02 01 fa56ea02
      40 03 04 7f290902             // NEXT_HOP 127.41.9.2
      10 c613                       // 198.19.0.0/16
      20 c6120707                   // 198.18.7.7/32`),
    expected: {
      withdrawn: [],
      announced: [route(['198.19.0.0/16', '198.18.7.7/32'], '127.41.9.2', [4_200_000_002])],
      fault: undefined,
    },
  },
  {
    name: 'captured from BIRD 2.0.12: a community',
    fourOctetAs: true,
    body: hex(`
      0000
      001b
      40 01 01 00
      40 02 06 02 01 fa56ea02
      40 03 04 7f290902
      c0 08 04 fc00 0007            // COMMUNITIES 64512:7
      18 c61201`),
    expected: {
      withdrawn: [],
      announced: [route(['198.18.1.0/24'], '127.41.9.2', [4_200_000_002], { communities: [0xfc00_0007] })],
      fault: undefined,
    },
  },
  {
    name: 'captured from BIRD 2.0.12: three withdrawals',
    fourOctetAs: true,
    body: hex('000c 10c613 20c6120707 18c61201 0000'),
    expected: { withdrawn: ['198.19.0.0/16', '198.18.7.7/32', '198.18.1.0/24'], announced: [], fault: undefined },
  },
  {
    name: 'captured from BIRD 2.0.12 for a peer with two-octet AS numbers: AS_TRANS and AS4_PATH',
    fourOctetAs: false,
    body: hex(`
      0000
      0022
      40 01 01 00
      40 02 04 02 01 5ba0           // AS_TRANS
      40 03 04 7f290902
      c0 08 04 fc00 0007
      c0 11 06 02 01 fa56ea02       // AS4_PATH 4200000002
      18 c61201`),
    expected: {
      withdrawn: [],
      announced: [route(['198.18.1.0/24'], '127.41.9.2', [4_200_000_002], { communities: [0xfc00_0007] })],
      fault: undefined,
    },
  },
  {
    name: 'captured from GoBGP 3.10.0: a path of three ASes',
    fourOctetAs: true,
    body: hex(`
      0000
      001c
      40 01 01 02
      40 02 0e 02 03 fa56ea03 0000fde9 fa56ea09
      40 03 04 c6120009
      20 c6120707`),
    expected: {
      withdrawn: [],
      announced: [route(['198.18.7.7/32'], '198.18.0.9', [4_200_000_003, 65_001, 4_200_000_009], { origin: 2 })],
      fault: undefined,
    },
  },
  {
    name: 'captured from GoBGP 3.10.0 for two-octet AS numbers: MED, community, AS4_PATH',
    fourOctetAs: false,
    body: hex(`
      0000
      0029
      40 01 01 02
      40 02 04 02 01 5ba0
      40 03 04 c6120009
      80 04 04 00000064             // MED 100
      c0 08 04 fc00 0007
      c0 11 06 02 01 fa56ea03
      18 c61201`),
    expected: {
      withdrawn: [],
      announced: [
        route(['198.18.1.0/24'], '198.18.0.9', [4_200_000_003], { origin: 2, med: 100, communities: [0xfc00_0007] }),
      ],
      fault: undefined,
    },
  },
  {
    name: 'captured from GoBGP 3.10.0 for two-octet AS numbers: a path of three',
    fourOctetAs: false,
    body: hex(`
      0000
      0027
      40 01 01 02
      40 02 08 02 03 5ba0 fde9 5ba0
      40 03 04 c6120009
      c0 11 0e 02 03 fa56ea03 0000fde9 fa56ea09
      20 c6120707`),
    expected: {
      withdrawn: [],
      announced: [route(['198.18.7.7/32'], '198.18.0.9', [4_200_000_003, 65_001, 4_200_000_009], { origin: 2 })],
      fault: undefined,
    },
  },
]
