import type { Operation } from '../operations/operation.js'
import type { Named, NameIn, ParametersOf, ProgressOf, Registry, ResultOf } from '../operations/registry.js'
import type { RunOptions } from './client-options.js'

/**
 * Methods for all operations: `lb.rolling-restart` is `lb.rollingRestart`, `status` is `status`.
 */
export type OperationTree<R extends Registry> = {
  readonly [H in Head<NameIn<R>>]: H extends NameIn<R>
    ? OperationMethod<Named<R, H>>
    : { readonly [T in Tail<NameIn<R>, H> as Camel<T>]: OperationMethod<Named<R, `${H}.${T}`>> }
}

export type OperationMethod<O extends Operation> = (...input: RunArguments<O>) => RunResult<O>

/** Parameters, which may be left out if all are optional, and options. */
export type RunArguments<O extends Operation> =
  object extends ParametersOf<O>
    ? [parameters?: ParametersOf<O>, options?: RunOptions]
    : [parameters: ParametersOf<O>, options?: RunOptions]

export type RunResult<O extends Operation> = [ProgressOf<O>] extends [never]
  ? Promise<ResultOf<O>>
  : O extends { readonly isFeed: true }
    ? AsyncGenerator<ProgressOf<O>, void, undefined>
    : AsyncGenerator<ProgressOf<O> | ResultOf<O>, ResultOf<O>, undefined>

type Head<N extends string> = N extends `${infer H}.${string}` ? H : N
type Tail<N extends string, H extends string> = N extends `${H}.${infer T}` ? T : never
type Camel<T extends string> = T extends `${infer A}-${infer B}` ? `${A}${Capitalize<Camel<B>>}` : T

/** A value whose type is computed from the registry. */
type Untyped = ReturnType<typeof JSON.parse>

/** Builds the methods of a registry; their types are those of {@link OperationTree}. */
export function operationTree<R extends Registry>(
  registry: R,
  run: (name: string, parameters: object | undefined, options: RunOptions | undefined) => unknown,
): OperationTree<R> {
  const tree: Untyped = {}
  for (const { name } of registry) {
    const [head = '', tail] = name.split('.')
    const method = (parameters?: object, options?: RunOptions) => run(name, parameters, options)
    if (tail === undefined) tree[head] = method
    else {
      tree[head] ??= {}
      tree[head][tail.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())] = method
    }
  }
  return tree
}
