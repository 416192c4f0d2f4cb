/**
 * Form of a CLI command that sends an operation. It is data: each argument and option names the
 * parameter that it sets, so commands, help and completion need no code of their own.
 */
export interface CommandShape<P = object, R = unknown, G = unknown> {
  /** Words of the command, as in `lb drain`. */
  readonly words: string
  /** Heading in the list of commands. */
  readonly group: CommandGroup
  /** Lower case, an imperative without a full stop. */
  readonly description: string
  readonly arguments?: readonly Argument<P>[]
  readonly options?: readonly Option<P>[]
  /** Names of its formats besides text and JSON: an option each, as in `--csv`. */
  readonly formats?: readonly string[]
  /** Parameters that the command always sends. */
  readonly fixed?: Partial<P>
  /** True if it is an error to give none of its options. */
  readonly needsOption?: boolean
  /** Examples without `fivetuple`. A test checks each of them. */
  readonly examples: readonly [string, ...string[]]
  /** Loads the text for people. */
  readonly output: () => Promise<Output<R, G>>
}

export type CommandGroup = 'Inspection:' | 'Operation:' | 'Faults:'

/** Name of a parameter, or of a field of one, as in `limits.maxSessions`. */
export type ParameterPath<P> = keyof P extends never
  ? string
  : {
      [K in keyof P & string]-?: NonNullable<P[K]> extends object ? K | `${K}.${keyof NonNullable<P[K]> & string}` : K
    }[keyof P & string]

interface Value<P> {
  /** Parameter that it sets. */
  readonly sets: ParameterPath<P>
  readonly description: string
  readonly choices?: readonly string[]
  /** @throws UsageError @param before value of the same option further left */
  readonly parse?: (text: string, before: unknown) => unknown
  /** Kind of names that a shell completes. */
  readonly completes?: NameKind
}

export interface Argument<P> extends Value<P> {
  /** Name in help; default: that of the parameter. */
  readonly label?: string
  /** Value if the argument is left out; undefined with `isOptional`: the parameter is not sent. */
  readonly fallback?: string
  readonly isOptional?: boolean
  /** True if the last argument may be repeated: the parameter is a list. */
  readonly isVariadic?: boolean
}

export interface Option<P> extends Value<P> {
  /** Flags, as in `--deadline <duration>`, `--keep-stopped` or `--no-wait`. */
  readonly flags: string
  readonly fallback?: unknown
}

/** Kinds of names of a running cluster. */
export type NameKind = 'lb' | 'lb-or-all' | 'vip' | 'backend' | 'role' | 'fault'

/** Output of a result. */
export interface Output<R, G> {
  text(result: R, context: OutputContext): string
  /** Output in one of the further formats of the command. */
  inFormat?(format: string, result: R, context: OutputContext): string
  progress?(step: G, context: OutputContext): string
  /** Reason why the command ends with exit code 1 although the operation succeeded. */
  failure?(result: R, context: OutputContext): string | undefined
}

/** Input of the user on the command line. */
export interface OutputContext {
  /** CIDR; undefined: the only running cluster. */
  readonly block: string | undefined
  readonly parameters: Readonly<Record<string, unknown>>
}

/** Thrown by a parser; the message states what is needed. */
export class UsageError extends Error {}
