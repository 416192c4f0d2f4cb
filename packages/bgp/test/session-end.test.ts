import t from 'tap'
import { bgpError } from '../dist/errors.js'
import { lostEnd, receivedEnd, sentEnd } from '../dist/session-end.js'

t.test('the end of a session names the detector that fired', async (t) => {
  t.equal(lostEnd('the link has no carrier', 'carrier').detector, 'carrier')
  t.equal(lostEnd('reset').detector, 'transport')
  t.equal(sentEnd(bgpError(4, 0, 'nothing heard within the hold time')).detector, 'hold-timer')
  t.equal(sentEnd(bgpError(8, 0, 'the peer does not read')).detector, 'hold-timer')
  t.equal(sentEnd(bgpError(6, 10, 'path down')).detector, 'bfd')
  t.equal(sentEnd(bgpError(6, 2, 'stopped here')).detector, 'local')
  const notification = (code: number, subcode: number) => ({ code, subcode, data: new Uint8Array() })
  t.equal(receivedEnd(notification(6, 10)).detector, 'bfd')
  t.equal(receivedEnd(notification(6, 2)).detector, 'peer')
  t.equal(receivedEnd(notification(4, 0)).detector, 'peer')
})
