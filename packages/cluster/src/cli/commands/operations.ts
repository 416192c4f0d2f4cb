import { Command, Argument as CommanderArgument, Option as CommanderOption, InvalidArgumentError } from 'commander'
import { type Argument, type CommandShape, type NameKind, type Option, UsageError } from '../../operations/command.js'
import type { Operation } from '../../operations/operation.js'
import type { Registry } from '../../operations/registry.js'
import { examples, json, target } from './options.js'

/** Descriptions of first words that several commands share. */
const NOUNS: Readonly<Record<string, string>> = {
  vip: 'VIPs on the interfaces of LBs: a VIP on an interface is served and announced',
  lb: 'LBs: take them out of service and put them back',
  backend: 'backends: take them out of service and put them back, and inject faults',
  link: 'links between LBs and switches',
  bgp: 'faults of BGP sessions',
  route: 'faults of the routes of VIPs via LBs',
  faults: 'injected faults',
}

export interface OperationCommands {
  /** Commands for the top level, in the order of the registry. */
  readonly commands: readonly Command[]
  /** Kind of names that an argument or an option takes. */
  readonly completes: ReadonlyMap<object, NameKind>
}

/** Sends an operation and prints its response. */
export type SendOperation = (
  row: Operation,
  shape: CommandShape,
  parameters: Readonly<Record<string, unknown>>,
  options: OutputOptions,
) => Promise<void>

/** Options of all commands, and the format that was chosen. */
export interface OutputOptions {
  readonly block?: string
  readonly json?: boolean
  readonly format?: string
}

/** Builds the commands of a registry: what they take, their help and what a shell completes. */
export function operationCommands(registry: Registry, send: SendOperation): OperationCommands {
  const commands = new Map<string, Command>()
  const completes = new Map<object, NameKind>()
  for (const row of registry)
    for (const shape of row.commands) {
      const [first = '', second] = shape.words.split(' ')
      const top = commands.get(first) ?? new Command(first).helpGroup(shape.group)
      commands.set(first, top)
      if (second !== undefined) top.description(NOUNS[first] ?? `${first} commands`)
      addShape(second === undefined ? top : top.command(second), row, shape, completes, send)
    }
  return { commands: [...commands.values()], completes }
}

function addShape(
  command: Command,
  row: Operation,
  shape: CommandShape,
  completes: Map<object, NameKind>,
  send: SendOperation,
): void {
  command.description(shape.description)
  for (const value of shape.arguments ?? []) {
    const argument = argumentOf(value)
    if (value.completes !== undefined) completes.set(argument, value.completes)
    command.addArgument(argument)
  }
  const options = (shape.options ?? []).map((value) => {
    const option = optionOf(value)
    if (value.completes !== undefined) completes.set(option, value.completes)
    command.addOption(option)
    return { sets: value.sets, flags: value.flags, name: option.attributeName() }
  })
  for (const format of shape.formats ?? []) command.option(`--${format}`, `as ${format.toUpperCase()}`)
  command
    .addOption(target())
    .addOption(json())
    .addHelpText('after', examples(...shape.examples))
    .action(async () => {
      const given = options.filter(({ name }) => command.getOptionValueSource(name) === 'cli')
      if (shape.needsOption === true && given.length === 0)
        command.error(`error: nothing to change: give ${options.map(({ flags }) => flags).join(', ')}`)
      const values = command.opts<{ block?: string; json?: boolean } & Record<string, unknown>>()
      const format = shape.formats?.find((name) => values[name] === true)
      const parameters = parametersOf(shape, command.processedArgs, values, options)
      await send(row, shape, parameters, { ...values, ...(format !== undefined && { format }) })
    })
}

function argumentOf({ sets, label = sets, description, choices, parse, ...how }: Argument<object>): CommanderArgument {
  const isOptional = how.isOptional === true || how.fallback !== undefined
  const name = how.isVariadic === true ? `${label}...` : label
  const argument = new CommanderArgument(isOptional ? `[${name}]` : `<${name}>`, description)
  if (choices !== undefined) argument.choices(choices)
  if (parse !== undefined) argument.argParser(parserOf(parse))
  return how.fallback === undefined ? argument : argument.default(how.fallback)
}

function optionOf({ flags, description, choices, parse, fallback }: Option<object>): CommanderOption {
  const option = new CommanderOption(flags, description)
  if (choices !== undefined) option.choices(choices)
  if (parse !== undefined) option.argParser(parserOf(parse))
  // An option without a value is parsed, too.
  if (parse !== undefined && !/[<[]/.test(flags)) option.preset('')
  return fallback === undefined ? option : option.default(fallback)
}

/** Parsed value in a box, since commander would replace a bare null. */
interface Parsed {
  readonly parsed: unknown
}

function isParsed(value: unknown): value is Parsed {
  return typeof value === 'object' && value !== null && 'parsed' in value
}

function parserOf(parse: (text: string, before: unknown) => unknown) {
  return (text: string, before: unknown): Parsed => {
    try {
      return { parsed: parse(text, isParsed(before) ? before.parsed : undefined) }
    } catch (error) {
      throw error instanceof UsageError ? new InvalidArgumentError(error.message) : error
    }
  }
}

/** Parameters as on the command line; the API checks them against the schema. */
function parametersOf(
  { fixed, arguments: positional = [] }: CommandShape,
  args: readonly unknown[],
  values: Readonly<Record<string, unknown>>,
  options: readonly { readonly sets: string; readonly name: string }[],
): Record<string, unknown> {
  const parameters: Record<string, unknown> = { ...fixed }
  for (const [i, { sets }] of positional.entries()) set(parameters, sets, args[i])
  for (const { sets, name } of options) set(parameters, sets, values[name])
  return parameters
}

/**
 * Sets a parameter, or a field of a parameter, as in `limits.maxSessions`. Options that set one
 * list each add to it.
 */
function set(parameters: Record<string, unknown>, path: string, given: unknown): void {
  if (given === undefined) return
  const value = isParsed(given) ? given.parsed : given
  const [name = '', field] = path.split('.')
  const before = parameters[name]
  if (field === undefined)
    parameters[name] = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value
  else parameters[name] = Object.assign({}, before, { [field]: value })
}
