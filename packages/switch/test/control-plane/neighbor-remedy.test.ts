import type { SpeakerError, SpeakerSession } from '@fivetuple/speaker'
import { neighborRemedy } from '@fivetuple/switch'
import t from 'tap'

const LOCAL = { address: '127.20.0.1', port: 1790, as: 65_000 }

const session = (changes: Partial<SpeakerSession>): SpeakerSession => ({
  neighbor: 'bird',
  address: '127.20.9.1',
  as: 64_999,
  port: 1790,
  state: 'active',
  stateMs: 0,
  establishedMs: null,
  holdTime: null,
  prefixesIn: 0,
  prefixesOut: 0,
  refused: { notAllowed: 0, firstAs: 0, loop: 0, malformed: 0, overLimit: 0 },
  lastRefused: null,
  lastError: null,
  attemptError: null,
  messagesIn: 0,
  messagesOut: 0,
  updatesIn: 0,
  updatesOut: 0,
  updateFaults: 0,
  notificationsIn: 0,
  notificationsOut: 0,
  ...changes,
})
const error = (direction: SpeakerError['direction'], code: number | null, subcode: number | null): SpeakerError => ({
  direction,
  code,
  subcode,
  text: '',
  agoMs: 1_000,
})
const refused = (cause: keyof SpeakerSession['refused']) => ({
  state: 'established' as const,
  lastRefused: { prefix: '10.0.0.0/8', cause, reason: '', agoMs: 0 },
})

t.test('each trouble has a remedy of its own', async (t) => {
  const rows: [string, Partial<SpeakerSession>, RegExp | null][] = [
    ['all is well', { state: 'established' }, null],
    ['a prefix outside of the filter', refused('notAllowed'), /allowedPrefixes/],
    ['a route server', refused('firstAs'), /must put its AS 64999 in front/],
    [
      'nothing listens there',
      { attemptError: error(null, null, null) },
      /listens on 127\.20\.9\.1:1790.*dial 127\.20\.0\.1:1790/,
    ],
    ['nobody has dialled yet', { port: null }, /must dial 127\.20\.0\.1:1790 from 127\.20\.9\.1/],
    ['a prefix limit of ours', { lastError: error('sent', 6, 1) }, /raise 'prefixLimit'/],
    ['a prefix limit of theirs', { lastError: error('received', 6, 1) }, /raise the daemon's prefix limit/],
    ['a martian next hop', { lastError: error('received', 3, 8) }, /set 'nextHop'/],
    ['an AS that we did not expect', { lastError: error('sent', 2, 2) }, /make 'as' the daemon's AS/],
    ['an AS that they did not expect', { lastError: error('received', 2, 2) }, /must expect AS 65000 at 127\.20\.0\.1/],
    ['a web server', { lastError: error('sent', 1, 1) }, /does not speak BGP/],
    ['unknown there', { lastError: error('received', 6, 5) }, /has no neighbour 127\.20\.0\.1/],
  ]
  for (const [name, changes, remedy] of rows) {
    const found = neighborRemedy(session(changes), LOCAL)
    if (remedy === null) t.equal(found, null, name)
    else t.match(found, remedy, name)
  }
})
