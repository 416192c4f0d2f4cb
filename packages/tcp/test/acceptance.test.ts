import { strict as assert } from 'node:assert'
import { TCP_STATE_NAMES, TcpState } from '@fivetuple/tcp'
import t from 'tap'
import { SegmentVerdict, segmentVerdict } from '../dist/acceptance.js'
import { ACK, FIN, RST, SYN } from './segment.js'

/** Numbers in flight, and the largest window that the peer has offered. */
const IN_FLIGHT = 10
const OFFERED = 100

/** The ACK field, as distance from SND.UNA. */
const NEWS = IN_FLIGHT
const REPEATED = 0
const FUTURE = IN_FLIGHT + 1
const ANCIENT = -OFFERED - 1

/** Kinds of segments: flags, ACK field, bytes of payload. */
const KINDS = {
  RST: [RST, 0, 0],
  'RST ACK': [RST | ACK, NEWS, 0],
  'RST SYN': [RST | SYN, 0, 0],
  SYN: [SYN, 0, 0],
  'SYN ACK': [SYN | ACK, NEWS, 0],
  'SYN ACK future': [SYN | ACK, FUTURE, 0],
  none: [0, 0, 0],
  'data without ACK': [0, 0, 5],
  'FIN without ACK': [FIN, 0, 0],
  ACK: [ACK, NEWS, 0],
  'ACK repeated': [ACK, REPEATED, 0],
  'ACK future': [ACK, FUTURE, 0],
  'ACK ancient': [ACK, ANCIENT, 0],
  data: [ACK, NEWS, 5],
  'data, ACK future': [ACK, FUTURE, 5],
  FIN: [ACK | FIN, NEWS, 0],
  'FIN with data': [ACK | FIN, NEWS, 5],
} as const satisfies Record<string, readonly [flags: number, acked: number, bytes: number]>

type Kind = keyof typeof KINDS

/** Places of the first byte, as distance from RCV.NXT; the window is of 50 bytes or shut. */
const WINDOW = 50
const PLACES = [-6, -5, -1, 0, 1, WINDOW - 1, WINDOW, 0x7fff_ffff, -0x8000_0000]

const LETTERS = {
  '.': SegmentVerdict.DROP,
  A: SegmentVerdict.ACCEPT,
  E: SegmentVerdict.ESTABLISH,
  o: SegmentVerdict.OLD,
  b: SegmentVerdict.BEYOND,
  c: SegmentVerdict.CHALLENGE,
  S: SegmentVerdict.REPEAT_SYN_ACK,
  r: SegmentVerdict.SEND_RESET,
  X: SegmentVerdict.RESET,
  N: SegmentVerdict.REFUSED,
} as const

type Rows = Readonly<Record<Kind, readonly [open: string, zeroWindow: string]>>

// One letter per place: -6 -5 -1 0 1 49 50 and the two ends of the sequence space.
const SYNCHRONIZED: Rows = {
  RST: ['...Xcc...', '...X.....'],
  'RST ACK': ['...Xcc...', '...X.....'],
  'RST SYN': ['...Xcc...', '...X.....'],
  SYN: ['ccccccccc', 'ccccccccc'],
  'SYN ACK': ['ccccccccc', 'ccccccccc'],
  'SYN ACK future': ['ccccccccc', 'ccccccccc'],
  none: ['.........', '.........'],
  'data without ACK': ['.........', '.........'],
  'FIN without ACK': ['.........', '.........'],
  ACK: ['oooAAAbbo', 'oooAbbbbo'],
  'ACK repeated': ['oooAAAbbo', 'oooAbbbbo'],
  'ACK future': ['ccccccccc', 'ccccccccc'],
  'ACK ancient': ['ccccccccc', 'ccccccccc'],
  data: ['ooAAAAbbo', 'ooAAbbbbo'],
  'data, ACK future': ['ccccccccc', 'ccccccccc'],
  FIN: ['oooAAAbbo', 'oooAbbbbo'],
  'FIN with data': ['oAAAAAbbo', 'oAAAbbbbo'],
}

const ROWS: Readonly<Record<(typeof TCP_STATE_NAMES)[number], Rows>> = {
  CLOSED: everywhere('.'),
  SYN_SENT: {
    ...everywhere('.'),
    'RST ACK': ['NNNNNNNNN', 'NNNNNNNNN'],
    'SYN ACK': ['EEEEEEEEE', 'EEEEEEEEE'],
    'SYN ACK future': ['rrrrrrrrr', 'rrrrrrrrr'],
    'ACK repeated': ['rrrrrrrrr', 'rrrrrrrrr'],
    'ACK future': ['rrrrrrrrr', 'rrrrrrrrr'],
    'ACK ancient': ['rrrrrrrrr', 'rrrrrrrrr'],
    'data, ACK future': ['rrrrrrrrr', 'rrrrrrrrr'],
  },
  SYN_RECEIVED: {
    ...SYNCHRONIZED,
    SYN: ['ccScccccc', 'ccScccccc'],
    ACK: ['cccEEEccc', 'cccEccccc'],
    'ACK repeated': ['cccrrrccc', 'cccrccccc'],
    'ACK future': ['cccrrrccc', 'cccrccccc'],
    'ACK ancient': ['cccrrrccc', 'cccrccccc'],
    data: ['ccEEEEccc', 'ccEEccccc'],
    'data, ACK future': ['ccrrrrccc', 'ccrrccccc'],
    FIN: ['cccEEEccc', 'cccEccccc'],
    'FIN with data': ['cEEEEEccc', 'cEEEccccc'],
  },
  ESTABLISHED: SYNCHRONIZED,
  FIN_WAIT_1: SYNCHRONIZED,
  FIN_WAIT_2: SYNCHRONIZED,
  CLOSE_WAIT: SYNCHRONIZED,
  CLOSING: SYNCHRONIZED,
  LAST_ACK: SYNCHRONIZED,
  TIME_WAIT: SYNCHRONIZED,
}

function everywhere(letter: keyof typeof LETTERS): Rows {
  const row = [letter.repeat(PLACES.length), letter.repeat(PLACES.length)] as const
  return Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, row])) as unknown as Rows
}

function lettersOf(state: TcpState, kind: Kind, receiveWindow: number): string {
  const [flags, acked, bytes] = KINDS[kind]
  const tcb = { state, receiveWindow, inFlight: IN_FLIGHT, largestSendWindow: OFFERED }
  const length = bytes + (flags & FIN ? 1 : 0)
  const letters = Object.entries(LETTERS)
  return PLACES.map((ahead) => {
    const verdict = segmentVerdict(tcb, flags, ahead, length, acked)
    return letters.find(([, value]) => value === verdict)![0]
  }).join('')
}

for (const state of TCP_STATE_NAMES)
  t.test(`segments that arrive in ${state}`, async (t) => {
    for (const kind of Object.keys(KINDS) as Kind[]) {
      const [open, shut] = ROWS[state][kind]
      assert(open.length === PLACES.length && shut.length === PLACES.length)
      t.equal(lettersOf(TcpState[state], kind, WINDOW), open, `${kind}, window of ${WINDOW} bytes`)
      t.equal(lettersOf(TcpState[state], kind, 0), shut, `${kind}, zero window`)
    }
  })

t.test('every verdict has a letter', async (t) => {
  t.strictSame(Object.values(LETTERS).toSorted(), Object.values(SegmentVerdict).toSorted())
})

t.test('an ACK acknowledges no SYN before it is sent', async (t) => {
  const verdict = (state: TcpState, flags: number): number =>
    segmentVerdict({ state, receiveWindow: WINDOW, inFlight: 0, largestSendWindow: OFFERED }, flags, 0, 0, 0)
  t.equal(verdict(TcpState.SYN_RECEIVED, ACK), SegmentVerdict.SEND_RESET)
  t.equal(verdict(TcpState.SYN_SENT, SYN | ACK), SegmentVerdict.SEND_RESET)
  t.equal(verdict(TcpState.SYN_SENT, RST | ACK), SegmentVerdict.DROP)
})

t.test('the number in flight and the oldest plausible ACK are the limits', async (t) => {
  const tcb = {
    state: TcpState.ESTABLISHED,
    receiveWindow: WINDOW,
    inFlight: IN_FLIGHT,
    largestSendWindow: OFFERED,
  }
  t.equal(segmentVerdict(tcb, ACK, 0, 0, IN_FLIGHT), SegmentVerdict.ACCEPT)
  t.equal(segmentVerdict(tcb, ACK, 0, 0, IN_FLIGHT + 1), SegmentVerdict.CHALLENGE)
  t.equal(segmentVerdict(tcb, ACK, 0, 0, -OFFERED), SegmentVerdict.ACCEPT)
  t.equal(segmentVerdict(tcb, ACK, 0, 0, -OFFERED - 1), SegmentVerdict.CHALLENGE)
})
