import { parseFileLimit } from '@fivetuple/bench'
import t from 'tap'

t.test('reads the soft limit', (t) => {
  const limits = 'Max processes             63000                63000                processes \n'
  t.equal(
    parseFileLimit(`${limits}Max open files            20000                1048576              files     \n`),
    20_000,
  )
  t.equal(parseFileLimit('Max open files            unlimited            unlimited            files\n'), Infinity)
  t.equal(parseFileLimit(limits), undefined)
  t.end()
})
