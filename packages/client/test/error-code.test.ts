import { errorCode } from '@fivetuple/client'
import t from 'tap'

const withCode = (code: string, cause?: unknown): Error => Object.assign(new Error(code, { cause }), { code })

t.test('the errno is the code, however deep in the causes', (t) => {
  t.equal(errorCode(withCode('ECONNRESET')), 'ECONNRESET')
  t.equal(errorCode(withCode('UND_ERR_SOCKET', withCode('EPIPE'))), 'EPIPE')
  t.equal(errorCode(new TypeError('fetch failed', { cause: withCode('ECONNREFUSED') })), 'ECONNREFUSED')
  t.end()
})

t.test('without an errno there is a code of this package', (t) => {
  t.equal(errorCode(withCode('UND_ERR_SOCKET')), 'PEER_CLOSED')
  t.equal(errorCode(withCode('UND_ERR_CONNECT_TIMEOUT')), 'CONNECT_TIMEOUT')
  t.equal(errorCode(new TypeError('x')), 'TypeError')
  t.equal(errorCode('x'), 'UNKNOWN')
  const loop = new Error('loop')
  loop.cause = loop
  t.equal(errorCode(loop), 'Error')
  t.end()
})
