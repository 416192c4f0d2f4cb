import { once } from 'node:events'
import t from 'tap'
import { CardProcess } from '../../dist/line-cards/card-process.js'

t.test('a card that can not be forked is reported, and not waited for', async (t) => {
  const { execPath } = process
  process.execPath = '/there/is/no/node'
  const card = new CardProcess(1, 'switch.json')
  process.execPath = execPath
  const [how] = await once(card, 'exit')
  t.match(how, /can't be forked: .*ENOENT/)
  t.equal(card.pid, 0)
  await t.rejects(card.request('status', {}, 1_000), /it has ended/)
  await card.stop(1_000)
})
