import { appendFileSync } from 'node:fs'
import { createLogger, runRole } from '@fivetuple/runtime'
import Type from 'typebox'

// A role for the supervisor's tests. Its "configuration file" is a word: 'orderly', or 'stubborn', which never stops by
// itself. It writes down that it was stopped in order.
const behavior = process.argv[3]
const name = process.env.FIVETUPLE_ROLE ?? ''

const contract = {
  file: 'role.ts',
  methods: { echo: { params: Type.Unknown(), result: Type.Unknown() } },
  events: {},
}

await runRole<typeof contract>(
  createLogger(name, 'silent'),
  async () => contract,
  async () => ({
    info: {},
    handlers: { echo: (value) => value },
    async stop() {
      if (behavior === 'stubborn') await new Promise(() => setInterval(() => {}, 60_000))
      if (process.env.STOPPED_IN_ORDER) appendFileSync(process.env.STOPPED_IN_ORDER, `${name}\n`)
    },
  }),
)
