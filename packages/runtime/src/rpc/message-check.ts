import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import type { Contract } from './contract.js'

/** Number of violations that an error lists at most. */
const VIOLATIONS_MAX = 5

/**
 * Checks what arrives over a channel against its contract. All methods throw an Error that names
 * message, place and remedy.
 */
export class MessageCheck {
  readonly #contract: Contract

  constructor(contract: Contract) {
    this.#contract = contract
  }

  params(method: string, params: unknown): void {
    this.#check(`the parameter object of '${method}'`, this.#contract.methods[method]?.params, params)
  }

  result(method: string, result: unknown): void {
    this.#check(`the result of '${method}'`, this.#contract.methods[method]?.result, result)
  }

  event(event: string, data: unknown): void {
    this.#check(`the event '${event}'`, this.#contract.events[event], data)
  }

  #check(what: string, schema: TSchema | undefined, value: unknown): void {
    const { file } = this.#contract
    if (schema === undefined) throw new Error(`${what}: ${file} does not have it; add it there or stop sending it`)
    if (Value.Check(schema, value)) return
    const places = Value.Errors(schema, value)
      .slice(0, VIOLATIONS_MAX)
      .map(({ instancePath, message }) => `${instancePath || '/'} ${message}`)
    throw new Error(`${what} violates ${file}: ${places.join('; ')}; correct the sender or the contract`)
  }
}
