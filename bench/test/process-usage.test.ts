import { parseCpuSeconds, parseRssBytes } from '@fivetuple/bench'
import t from 'tap'

const STAT =
  '4711 (a (b) c d) S 1 4711 4711 0 -1 4194304 2542 0 1 0 1234 56 7 8 20 0 11 0 90210 1086787584 11988 184467 1 1'

t.test('reads CPU time, whatever the program is called', (t) => {
  t.equal(parseCpuSeconds(STAT), 12.9)
  t.equal(parseCpuSeconds(''), undefined)
  t.end()
})

t.test('reads resident memory', (t) => {
  t.equal(parseRssBytes('Name:\tnode\nVmHWM:\t   99999 kB\nVmRSS:\t   47952 kB\nThreads:\t11\n'), 47_952 * 1024)
  t.equal(parseRssBytes('Name:\tkthreadd\n'), undefined)
  t.end()
})
