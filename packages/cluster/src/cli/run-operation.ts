import type { CommandShape } from '../operations/command.js'
import type { Operation } from '../operations/operation.js'
import { CliError } from './cli-error.js'
import type { OutputOptions } from './commands/operations.js'
import { targetCluster } from './target.js'

/** Sends an operation to the running cluster and prints progress and result as they arrive. */
export async function runOperation(
  row: Operation,
  shape: CommandShape,
  parameters: Readonly<Record<string, unknown>>,
  { block, json, format }: OutputOptions,
): Promise<void> {
  const client = targetCluster(block)
  const output = await shape.output()
  const context = { block, parameters }
  const print = (value: unknown, text: (() => string) | undefined): void => {
    const line = json === true ? `${JSON.stringify(value)}\n` : text?.()
    if (line !== undefined) process.stdout.write(line)
  }
  for await (const step of client.steps(row, parameters)) {
    if ('progress' in step) print(step.progress, () => output.progress?.(step.progress, context) ?? '')
    else {
      print(step.result, () =>
        format === undefined
          ? output.text(step.result, context)
          : (output.inFormat?.(format, step.result, context) ?? ''),
      )
      const failure = output.failure?.(step.result, context)
      if (failure !== undefined) throw new CliError(failure)
    }
  }
}
