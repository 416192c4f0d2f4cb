import { dirname, join } from 'node:path'

/**
 * Finds the import cycles among the modules of one package, type-only imports included: a cycle means that neither module can
 * be understood, tested or moved alone.
 *
 * @param {ReadonlyMap<string, string>} texts source text per path
 * @returns {string[][]} paths of each cycle, in the order of their imports; the first path is not repeated
 */
export function importCycles(texts) {
  const cycles = []
  const done = new Set()
  const trail = []
  const visit = (path) => {
    if (trail.includes(path)) {
      cycles.push(trail.slice(trail.indexOf(path)))
      return
    }
    if (done.has(path)) return
    trail.push(path)
    for (const imported of relativeImports(path, texts.get(path))) if (texts.has(imported)) visit(imported)
    trail.pop()
    done.add(path)
  }
  for (const path of texts.keys()) visit(path)
  return cycles
}

function relativeImports(path, text) {
  return Array.from(text.matchAll(/(?:from|import\() *'(\.[^']*)\.js'/g), ([, specifier]) =>
    join(dirname(path), `${specifier}.ts`),
  )
}
