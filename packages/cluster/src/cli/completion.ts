import type { Command } from 'commander'
import type { NameKind } from '../operations/command.js'
import { targetCluster } from './target.js'

const SCRIPTS = {
  bash: `_fivetuple() {
  local IFS=$'\\n'
  COMPREPLY=($(fivetuple complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _fivetuple fivetuple
`,
  zsh: `#compdef fivetuple
_fivetuple() {
  local -a candidates
  candidates=(\${(f)"$(fivetuple complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( \${#candidates} )); then compadd -a candidates; else _files; fi
}
compdef _fivetuple fivetuple
`,
  fish: `complete -c fivetuple -a '(fivetuple complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
} as const

/** Prints the script of `fivetuple completion`. */
export function printCompletionScript(shell: keyof typeof SCRIPTS): void {
  process.stdout.write(SCRIPTS[shell])
}

/** Prints the candidates for the last word, one per line, for the scripts. */
export async function printCandidates(
  program: Command,
  completes: ReadonlyMap<object, NameKind>,
  words: readonly string[],
): Promise<void> {
  const candidates = await candidatesFor(program, completes, words).catch(() => [])
  const last = words.at(-1) ?? ''
  for (const candidate of candidates) if (candidate.startsWith(last)) process.stdout.write(`${candidate}\n`)
}

async function candidatesFor(
  program: Command,
  completes: ReadonlyMap<object, NameKind>,
  words: readonly string[],
): Promise<readonly string[]> {
  let command = program
  let position = 0
  const before = words.slice(0, -1)
  for (let i = 0; i < before.length; i++) {
    const word = before[i]!
    if (word.startsWith('-')) {
      const option = command.options.find(({ short, long }) => short === word || long === word)
      if (option?.required && !word.includes('=')) {
        if (i === before.length - 1) return option.argChoices ?? namesFor(completes.get(option))
        i++ // its value
      }
      continue
    }
    const sub = command.commands.find((known) => known.name() === word)
    if (sub === undefined) position++
    else command = sub
  }
  if (words.at(-1)?.startsWith('-')) return [...command.options.map(({ long }) => long ?? ''), '--help']
  const subs = command.createHelp().visibleCommands(command)
  if (subs.length > 0 && position === 0) return subs.map((known) => known.name())
  const last = command.registeredArguments.at(-1)
  const argument = command.registeredArguments[position] ?? (last?.variadic ? last : undefined)
  return argument === undefined ? [] : (argument.argChoices ?? namesFor(completes.get(argument)))
}

/** Names of that kind in the running cluster. */
async function namesFor(kind: NameKind | undefined): Promise<readonly string[]> {
  if (kind === undefined) return []
  const cluster = targetCluster(undefined)
  if (kind === 'fault') return (await cluster.operations.faults.list()).faults.map(({ id }) => id)
  const { vips, lbs, roles } = await cluster.run('status')
  switch (kind) {
    case 'lb':
      return Object.keys(lbs)
    case 'lb-or-all':
      return [...Object.keys(lbs), 'all']
    case 'role':
      return roles.map(({ name }) => name)
    case 'vip':
      return vips.map(({ name }) => name)
    case 'backend': {
      const backends = Object.values(lbs).flatMap(({ services }) => services.flatMap((service) => service.backends))
      return [...new Set(backends.map(({ name }) => name))]
    }
  }
}
