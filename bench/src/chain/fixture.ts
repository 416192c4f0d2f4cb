import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findFreeBlock } from '@fivetuple/cluster'
import { ChildGuard } from '../child-guard.js'
import { fileLimit } from '../file-limit.js'

/** Block of loopback addresses, a /16. */
export class Block {
  readonly cidr: string
  readonly #start: string

  /** @param cidr a /16 */
  constructor(cidr: string) {
    this.cidr = cidr
    this.#start = cidr.split('.').slice(0, 2).join('.')
  }

  /** Returns an address by its third and fourth octet. */
  address(range: number, number: number): string {
    return `${this.#start}.${range}.${number}`
  }
}

/** Fixture that the contenders of a comparison share. */
export interface Fixture {
  readonly block: Block
  /** Directory for configurations, deleted when the bench ends. */
  readonly directory: string
  readonly guard: ChildGuard
  /** Limit of open files of a process. */
  readonly files: number
}

/** Runs a function on a fixture that exists only meanwhile. */
export async function withFixture<T>(run: (fixture: Fixture) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'fivetuple-bench-'))
  const guard = new ChildGuard()
  try {
    return await run({ block: new Block(await findFreeBlock()), directory, guard, files: fileLimit() })
  } finally {
    guard.release()
    rmSync(directory, { recursive: true, force: true })
  }
}
