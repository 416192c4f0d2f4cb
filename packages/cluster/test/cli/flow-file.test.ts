import t from 'tap'
import { flowFile, parseFlows } from '../../dist/operations/flow-file.js'

t.test('flows in JSON lines and CSV', (t) => {
  const text = `# captured today
src,sport,dst,dport,proto

127.20.100.7,41234,127.20.10.1,8080,6
127.20.100.8, 41235, 127.20.10.1, 8080, UDP
127.20.100.9:41236,web
127.20.100.9:41237,127.20.10.1:8080,tcp
127.20.100.9:41238
{"client":"127.20.100.10:41239","vip":"web","protocol":"tcp","lb":"lb-2"}
`
  t.same(parseFlows(text, 10), [
    { client: '127.20.100.7:41234', vip: '127.20.10.1:8080', protocol: 'tcp' },
    { client: '127.20.100.8:41235', vip: '127.20.10.1:8080', protocol: 'udp' },
    { client: '127.20.100.9:41236', vip: 'web' },
    { client: '127.20.100.9:41237', vip: '127.20.10.1:8080', protocol: 'tcp' },
    { client: '127.20.100.9:41238' },
    { client: '127.20.100.10:41239', vip: 'web', protocol: 'tcp' },
  ])
  t.end()
})

t.test('an error names the line and the formats', (t) => {
  for (const [text, message] of [
    ['127.0.0.1:5,web\nnonsense,web', /^line 2 is no flow: JSON as in .* or CSV as in /],
    ['127.0.0.1:5,web,sctp', /^line 1 is no flow/],
    ['{"client":5}', /^line 1 is no flow/],
    ['{', /^line 1 is no flow/],
    ['1.2.3.4,5,6,7,tcp,8', /^line 1 is no flow/],
    ['127.0.0.1:70000,web', /^line 1 is no flow/],
    ['127.0.0.1:5,web,constructor', /^line 1 is no flow/],
    ['# nothing', /^it has no flow/],
    ['127.0.0.1:1\n127.0.0.1:2\n127.0.0.1:3', /^it has more than 2 flows/],
  ] as const)
    t.throws(() => parseFlows(text, 2), { message }, text)
  t.end()
})

t.test('a file that is too large or can not be read is refused', (t) => {
  t.throws(() => flowFile('/nowhere', 2), { message: /^\/nowhere can't be read: ENOENT/ })
  t.throws(() => flowFile('/dev/zero', 2), { message: /\/dev\/zero is larger than / })
  t.end()
})
