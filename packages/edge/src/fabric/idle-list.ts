/** Entry of an {@link IdleList}: its neighbours, which only the list changes. */
export interface IdleEntry<T> {
  idleLonger: T | undefined
  idleLess: T | undefined
}

/**
 * Entries in the order of their last use. Every operation takes constant time and allocates
 * nothing.
 */
export class IdleList<T extends IdleEntry<T>> {
  #longest: T | undefined
  #least: T | undefined

  /** The entry whose last use is longest ago. */
  get longest(): T | undefined {
    return this.#longest
  }

  /** Adds an entry as the one used last. It must be in no list. */
  add(entry: T): void {
    entry.idleLonger = this.#least
    entry.idleLess = undefined
    if (this.#least === undefined) this.#longest = entry
    else this.#least.idleLess = entry
    this.#least = entry
  }

  /** Removes an entry of this list. */
  remove(entry: T): void {
    if (entry.idleLonger === undefined) this.#longest = entry.idleLess
    else entry.idleLonger.idleLess = entry.idleLess
    if (entry.idleLess === undefined) this.#least = entry.idleLonger
    else entry.idleLess.idleLonger = entry.idleLonger
    entry.idleLonger = undefined
    entry.idleLess = undefined
  }

  /** Makes an entry of this list the one used last. */
  use(entry: T): void {
    if (this.#least === entry) return
    this.remove(entry)
    this.add(entry)
  }
}
