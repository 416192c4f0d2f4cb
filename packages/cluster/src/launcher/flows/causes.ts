/**
 * Returns the place in the log of an event of a role, by its local id; undefined: not there yet.
 */
export type PlaceOf = (role: string, id: number) => number | undefined

/** Time after which an event that a record names has reached the log, ms. */
const ARRIVAL_MS = 300
/** Most events that are remembered. */
const REMEMBERED_MAX = 10_000

/**
 * Places in the log of the events that flow records name. Local ids of a role are reused by its
 * next process, so they are looked up soon after their arrival and remembered.
 */
export class Causes {
  readonly #placeOf: PlaceOf
  readonly #places = new Map<string, number>()
  readonly #expected = new Map<string, { readonly role: string; readonly id: number }>()
  #timer: NodeJS.Timeout | undefined

  constructor(placeOf: PlaceOf) {
    this.#placeOf = placeOf
  }

  /** Records that a record of a source names an event. */
  expect(role: string, source: string, id: number): void {
    const key = `${source} ${id}`
    if (this.#places.has(key) || this.#expected.has(key) || this.#expected.size >= REMEMBERED_MAX) return
    this.#expected.set(key, { role, id })
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.resolve()
      this.#expected.clear()
    }, ARRIVAL_MS).unref()
  }

  /** Looks up the events that are expected. */
  resolve(): void {
    for (const [key, { role, id }] of this.#expected) {
      const place = this.#placeOf(role, id)
      if (place === undefined) continue
      this.#places.set(key, place)
      this.#expected.delete(key)
      if (this.#places.size > REMEMBERED_MAX)
        for (const oldest of this.#places.keys()) {
          this.#places.delete(oldest)
          break
        }
    }
  }

  /** Returns the place of an event in the log; null: unknown. */
  of(source: string, id: number): number | null {
    return this.#places.get(`${source} ${id}`) ?? null
  }
}
