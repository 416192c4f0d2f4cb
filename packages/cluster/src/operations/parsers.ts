import { parseDuration } from '../config/duration.js'
import { UsageError } from './command.js'

/** Returns a parser of whole numbers. */
export function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    if (!/^\d{1,10}$/.test(text) || Number(text) < min || Number(text) > max)
      throw new UsageError(`a whole number from ${min} to ${max} is needed`)
    return Number(text)
  }
}

/** Returns a parser of limits, in which 0 stands for no limit. */
export function limit(max: number): (text: string) => number | null {
  const parse = whole(0, max)
  return (text) => parse(text) || null
}

/** Parses a duration into milliseconds. Each has a unit, except 0, as in configurations. */
export function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined) return ms
  throw new UsageError(
    /^[\d.]+$/.test(text)
      ? `a duration has a unit: ${text}ms or ${text}s`
      : 'a duration such as 300ms, 5s or 15m is needed',
  )
}

/** Parses a number from 0 to 1, or a percentage. */
export function share(text: string): number {
  const [, number, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? []
  const value = number === undefined ? Number.NaN : percent === '' ? Number(number) : Number(number) / 100
  if (!(value <= 1)) throw new UsageError('a number from 0 to 1, or a percentage, is needed')
  return value
}

/** Collects `name=n` of an option that may be repeated. */
export function weights(text: string, before: unknown): object {
  const [, name, number] = /^([^=]+)=(\d{1,3})$/.exec(text) ?? []
  if (name === undefined || Number(number) > 256)
    throw new UsageError('a backend and a number from 0 to 256 are needed, as in backend-1=3')
  return { ...(typeof before === 'object' ? before : {}), [name]: Number(number) }
}

/** Collects names that are separated by commas, of an option that may be repeated. */
export function names(text: string, before: unknown): string[] {
  const given = text.split(',')
  if (given.includes('')) throw new UsageError('names that are separated by commas are needed, as in lb-2,lb-3')
  return [...(Array.isArray(before) ? before : []), ...given]
}
