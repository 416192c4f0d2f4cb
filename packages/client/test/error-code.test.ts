import { errorCode } from '@fivetuple/client'
import t from 'tap'

const withCode = (code: string, cause?: unknown): Error => Object.assign(new Error(code, { cause }), { code })

t.test('the errno says most, however deep it lies', (t) => {
  t.equal(errorCode(withCode('ECONNRESET')), 'ECONNRESET')
  t.equal(errorCode(withCode('UND_ERR_SOCKET', withCode('EPIPE'))), 'EPIPE')
  t.equal(errorCode(new TypeError('fetch failed', { cause: withCode('ECONNREFUSED') })), 'ECONNREFUSED')
  t.end()
})

t.test('without an errno it is a word of our own', (t) => {
  t.equal(errorCode(withCode('UND_ERR_SOCKET')), 'PEER_CLOSED')
  t.equal(errorCode(withCode('UND_ERR_CONNECT_TIMEOUT')), 'CONNECT_TIMEOUT')
  t.equal(errorCode(new TypeError('x')), 'TypeError')
  t.equal(errorCode('x'), 'UNKNOWN')
  const loop = new Error('loop')
  loop.cause = loop
  t.equal(errorCode(loop), 'Error')
  t.end()
})
