/** Words of a slot: the session + 1, 0 in an empty slot, and its hash. */
const SLOT = 2
const INITIAL_SLOTS = 2048
const NONE = -1

/**
 * Sessions by hash: open addressing with linear probing. The hash is beside each entry, so that a
 * probe touches a session's record only when the hash agrees, and the whole is rebuilt without the
 * records. At most half full, so probe runs are short.
 */
export class SessionIndex {
  #slots = new Int32Array(INITIAL_SLOTS * SLOT)
  /** Number of slots - 1. */
  #mask = INITIAL_SLOTS - 1

  get memoryBytes(): number {
    return this.#slots.byteLength
  }

  /** The first slot of a hash, or -1. @param hash 32 signed bits */
  first(hash: number): number {
    return this.#from(hash & this.#mask, hash)
  }

  /** The slot of the same hash behind `slot`, or -1. */
  next(slot: number, hash: number): number {
    return this.#from((slot + 1) & this.#mask, hash)
  }

  sessionAt(slot: number): number {
    return this.#slots[slot * SLOT]! - 1
  }

  /**
   * Replaces each of the first `count` hashes by the first session that has it, or -1. All slots
   * are read before any is looked at: the cache misses of many of them are under way at once.
   * @returns what only keeps a compiler from leaving reads out
   */
  firstOfEach(hashes: Int32Array, count: number): number {
    const mask = this.#mask
    const slots = this.#slots
    let sum = 0
    for (let i = 0; i < count; i++) sum += slots[(hashes[i]! & mask) * SLOT]!
    for (let i = 0; i < count; i++) {
      const hash = hashes[i]!
      let found = NONE
      for (let slot = hash & mask; slots[slot * SLOT] !== 0; slot = (slot + 1) & mask) {
        if (slots[slot * SLOT + 1] !== hash) continue
        found = slots[slot * SLOT]! - 1
        break
      }
      hashes[i] = found
    }
    return sum
  }

  /** @param size sessions that the index holds without this one */
  insert(session: number, hash: number, size: number): void {
    if ((size + 1) * 2 > this.#mask + 1) this.#grow()
    this.#put(session + 1, hash)
  }

  /** The session must be there. */
  erase(session: number, hash: number): void {
    const mask = this.#mask
    const slots = this.#slots
    let hole = hash & mask
    while (slots[hole * SLOT] !== session + 1) hole = (hole + 1) & mask
    // Knuth 6.4, algorithm R: move up what may live at the hole, so that no tombstones pile up.
    for (let i = (hole + 1) & mask; slots[i * SLOT] !== 0; i = (i + 1) & mask) {
      const home = slots[i * SLOT + 1]! & mask
      if (((i - home) & mask) < ((i - hole) & mask)) continue
      slots[hole * SLOT] = slots[i * SLOT]!
      slots[hole * SLOT + 1] = slots[i * SLOT + 1]!
      hole = i
    }
    slots[hole * SLOT] = 0
  }

  /** Gives the memory back. Nothing may be in it. */
  reset(): void {
    if (this.#mask < INITIAL_SLOTS) return
    this.#slots = new Int32Array(INITIAL_SLOTS * SLOT)
    this.#mask = INITIAL_SLOTS - 1
  }

  #from(start: number, hash: number): number {
    const mask = this.#mask
    const slots = this.#slots
    for (let slot = start; slots[slot * SLOT] !== 0; slot = (slot + 1) & mask)
      if (slots[slot * SLOT + 1] === hash) return slot
    return NONE
  }

  #put(entry: number, hash: number): void {
    const mask = this.#mask
    const slots = this.#slots
    let slot = hash & mask
    while (slots[slot * SLOT] !== 0) slot = (slot + 1) & mask
    slots[slot * SLOT] = entry
    slots[slot * SLOT + 1] = hash
  }

  #grow(): void {
    const before = this.#slots
    this.#slots = new Int32Array(before.length * 2)
    this.#mask = this.#mask * 2 + 1
    for (let i = 0; i < before.length; i += SLOT) if (before[i] !== 0) this.#put(before[i]!, before[i + 1]!)
  }
}
