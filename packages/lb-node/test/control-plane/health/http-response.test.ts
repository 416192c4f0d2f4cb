import { HttpResponse } from '@fivetuple/lb-node'
import fc from 'fast-check'
import t from 'tap'

/** Answers, where each is whole, and its status. */
const WHOLE: readonly (readonly [name: string, text: string, status: number])[] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 200],
  ['no body', 'HTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n', 404],
  ['no reason, and no headers, 204', 'HTTP/1.1 204\r\n\r\n', 204],
  ['304 has no body, whatever its length is said to be', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n', 304],
  ['chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n', 200],
  [
    'chunks and trailers',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\nA\r\n0123456789\r\n0\r\nx: y\r\n\r\n',
    200,
  ],
  [
    'chunks go over a length',
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    200,
  ],
  [
    'one that says to go on comes first',
    'HTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 503 No\r\ncontent-length: 2\r\n\r\nno',
    503,
  ],
]

function read(text: string, cuts: readonly number[] = []): HttpResponse {
  const response = new HttpResponse()
  const bytes = Buffer.from(text, 'latin1')
  let from = 0
  for (const to of [...cuts, bytes.length].sort((a, b) => a - b)) {
    response.take(bytes, from, to)
    from = to
  }
  return response
}

t.test('a response to HEAD has no body, whatever its Content-Length', async (t) => {
  const response = new HttpResponse(true)
  const bytes = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n')
  response.take(bytes, 0, bytes.length)
  t.equal(response.state, 'whole')
  t.equal(response.status, 200)
})

for (const [name, text, status] of WHOLE)
  t.test(name, async (t) => {
    t.match(read(text), { state: 'whole', status })
    t.match(
      read(
        text,
        Array.from({ length: text.length }, (_, i) => i),
      ),
      { state: 'whole', status },
      'byte by byte',
    )
    t.match(read(`${text}HTTP/1.1 200 OK\r\n`), { state: 'whole', status }, 'with trailing bytes')
    for (let length = 0; length < text.length; length++) {
      const response = read(text.slice(0, length))
      if (response.state === 'whole') t.fail(`whole after ${length} bytes`)
      response.end()
      if (response.state !== 'cut') t.fail(`${response.state} when it ends after ${length} bytes`)
    }
  })

t.test('without a length it ends with the connection', async (t) => {
  const response = read('HTTP/1.0 200 OK\r\nserver: x\r\n\r\nsome words')
  t.equal(response.state, 'body')
  response.end()
  t.match(response, { state: 'whole', status: 200 })
})

t.test('a long body is not waited for', async (t) => {
  for (const head of ['content-length: 1000000', 'transfer-encoding: chunked', 'server: x']) {
    const size = head.startsWith('t') ? 'f4240\r\n' : ''
    const response = read(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${size}`)
    let kibibytes = 0
    for (; response.state === 'body'; kibibytes++) response.take(Buffer.alloc(1024, 'x'), 0, 1024)
    t.equal(kibibytes, 65, head)
    t.equal(response.state, 'long', head)
  }
})

t.test('what is no response', async (t) => {
  for (const text of [
    'SSH-2.0-OpenSSH\r\n',
    'H!',
    'HTTP/2 200\r\n\r\n',
    'HTTP/1.1 20\r\n\r\n',
    `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(3_000)}`,
    `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(3_000)}\r\n`,
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nno size\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n',
  ])
    t.equal(read(text).state, 'malformed', text.slice(0, 70))
})

t.test('any bytes will do', async () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...WHOLE.map(([, text]) => text)),
      fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }),
      fc.array(fc.nat(100), { maxLength: 5 }),
      (text, flips, cuts) => {
        const bytes = Buffer.from(text, 'latin1')
        for (const [at, value] of flips) if (at < bytes.length) bytes[at] = value
        const flipped = bytes.toString('latin1')
        const inPieces = read(
          flipped,
          cuts.filter((cut) => cut <= flipped.length),
        )
        return inPieces.state === read(flipped).state
      },
    ),
    { numRuns: 2_000 },
  )
})
