import { formatConfigError, loadConfig, planCluster } from '@fivetuple/cluster'
import t from 'tap'

function errorsOf(text: string): readonly string[] {
  const result = loadConfig(text, 'c.yaml')
  return result.ok ? [] : result.errors.map(formatConfigError)
}

t.test('faults of links, as shorthand, numbers or mappings', async (t) => {
  const result = loadConfig(
    `lbs: 2
links:
  - { lb: lb-2, side: uplink, direction: in, scope: data, seed: 7, delay: 20ms±5ms, loss: 0.01 }
  - { lb: all, side: both, rate: { bitsPerSecond: 100mbit, bufferPackets: 50 } }
  - { lb: lb-1, side: uplink, black-hole: true, loss: 1% }
`,
    'c.yaml',
  )
  if (!result.ok) throw new Error(errorsOf('').join())
  const plan = planCluster(result.config, '127.20.0.0/16', '00'.repeat(32))
  t.match(plan.linkFaults, [
    {
      lb: 'lb-2',
      side: 'uplink',
      directions: ['in'],
      scope: 'data',
      seed: 7,
      faults: [
        { kind: 'loss', rate: 0.01 },
        { kind: 'delay', ms: 20, jitterMs: 5 },
      ],
    },
    { lb: 'lb-1', side: 'both', directions: undefined, faults: [{ kind: 'rate', bitsPerSecond: 1e8 }] },
    { lb: 'lb-2', side: 'both', seed: undefined, faults: [{ kind: 'rate', bufferPackets: 50 }] },
    { lb: 'lb-1', faults: [{ kind: 'black-hole' }, { kind: 'loss' }] },
  ])
})

t.test('errors name line, column, field and range', async (t) => {
  t.strictSame(
    errorsOf(`lbs: 2
links:
  - lb: lb-3
    side: uplink
    loss: 120%
  - lb: lb-2
    side: uplink
    delay: { ms: -5ms }
    rate: 0
  - lb: lb-1
    side: downlink
  - lb: lb-1
    side: uplink
    link-down: true
  - { lb: lb-1, side: both, flap: '5s,0s' }
  - { lb: lb-2, side: downlink, flap: '5s,1s', loss: 1% }
`),
    [
      "c.yaml:3:5: links[0].lb 'lb-3' is no LB: there is lb-1 to lb-2",
      'c.yaml:5:5: links[0].loss.rate "120%" is too large: use 0% to 100%, such as 1% or 0.01',
      'c.yaml:8:14: links[1].delay.ms "-5ms" is too small: use 0ms to 600000ms, such as 20ms or 1.5s',
      'c.yaml:9:5: links[1].rate.bitsPerSecond "0" is too small: use 1kbit to 1000gbit, such as 100mbit',
      'c.yaml:10:5: links[2] has no faults: give it one, such as delay: 20ms',
      'c.yaml:15:5: links[4] is on a link that is down from the start: remove one of the two entries',
      'c.yaml:15:29: links[4].flap.downMs "0s" is too small: use 1ms to 3600000ms, such as 20ms or 1.5s',
      'c.yaml:16:5: links[5] is invalid, since flap takes the carrier from the whole link: inject it by itself, without directions and scope',
    ],
  )
  t.strictSame(errorsOf('links: [{ lb: lb-1, side: uplink, delay: { ms: 5ms, jiterMs: 2ms } }]'), [
    "c.yaml:1:53: links[0].delay.jiterMs is no setting: did you mean 'jitterMs'?",
  ])
  t.match(errorsOf('links: [{ lb: lb-1, side: uplink, delay: 20, scope: none }]'), [
    /scope is 'none': it must be one of/,
  ])
  t.match(errorsOf('links: [{ lb: lb-1, side: uplink, delay: 20 }]'), [/delay.ms "20" is no duration: use 0ms to/])
})
