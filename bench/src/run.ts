import { parseArgs } from 'node:util'
import { VERBS } from './verbs.js'

const HELP = `pnpm bench <what> [options]

${VERBS.map(({ name, summary }) => `  ${name.padEnd(14)}${summary}`).join('\n')}

  --only <part>     only what has this in its name; may be repeated
  --seconds <n>     measured load in each segment
  --rounds <n>      how often each is measured
  --seed <n>        soak: which faults come when
  --rate <n>        scale: requests a second of the load at a fixed rate
  --lbs <n>, --backends <n>   size of the cluster
  --backend <kind>  chain: what answers small requests, nginx (default where it is installed) or fastify
  --haproxy <file>, --nginx <file>, --wrk <file>   these programs, where they are not on the PATH
`

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      rate: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      lbs: { type: 'string' },
      backends: { type: 'string' },
      backend: { type: 'string', default: 'nginx' },
      haproxy: { type: 'string', default: 'haproxy' },
      nginx: { type: 'string', default: 'nginx' },
      wrk: { type: 'string', default: 'wrk' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const [what, ...rest] = positionals
  const verb = VERBS.find(({ name }) => name === what)
  if (values.help || what === undefined) process.stdout.write(HELP)
  else if (verb === undefined || (rest.length > 0 && verb.takesFiles !== true))
    throw new Error(`there is no '${positionals.join(' ')}' to measure\n\n${HELP}`)
  else await verb.run({ ...values, files: rest })
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`)
  process.exitCode = 1
}
