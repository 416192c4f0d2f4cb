/** Source of reproducible chance, the only one of pure code and tests. */
export interface Random {
  /** Returns a number, uniform in [0, 1). */
  next(): number
  /** Returns an integer, uniform in [0, n). `n` is 1 to 2^32. */
  int(n: number): number
}

/**
 * Creates a seeded generator (sfc32 of PractRand, period about 2^128). The same seed yields the
 * same sequence on every machine.
 * @param seed 32 bits
 */
export function seededRandom(seed: number): Random {
  let a = 0
  let b = seed | 0
  let c = 0x9e3779b9 | 0
  let counter = 1
  const draw = (): number => {
    const t = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + t) | 0
    return t >>> 0
  }
  for (let i = 0; i < 12; i++) draw()
  return {
    next: () => draw() / 4_294_967_296,
    int: (n) => Math.floor((draw() / 4_294_967_296) * n),
  }
}
