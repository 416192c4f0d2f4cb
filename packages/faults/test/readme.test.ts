import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'

t.test('the example of the README runs', async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1]
  t.ok(example)
  // Beside the tests, where the package's own name resolves.
  const file = new URL('./readme-example.mjs', import.meta.url)
  writeFileSync(file, example!)
  await import(file.href)
})
