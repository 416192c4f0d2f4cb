import { readFileSync, statSync } from 'node:fs'

/**
 * Folder of a bundled program, which `scripts/bundle.mjs` makes beside the program's main module.
 */
export const BUNDLE_FOLDER = 'bundle/'
/**
 * File in that folder: a JSON list of files, relative to the folder, whose time of change shows
 * whether the bundle is out of date.
 */
export const WITNESSES_FILE = 'witnesses.json'

/**
 * Returns the main module of a program: bundled, or as compiled if the bundle is missing or out of
 * date. Both do the same, but a compiled program takes twice as long to start, since it consists of
 * hundreds of files.
 *
 * @param folder URL of the compiled modules, with a slash at its end
 * @returns URL of the module to run
 */
export function programIn(folder: URL): URL {
  const bundle = new URL(BUNDLE_FOLDER, folder)
  return new URL('main.js', isUpToDate(bundle) ? bundle : folder)
}

/** True if no input of a bundle has been written or deleted since the bundle was made. */
export function isUpToDate(bundle: URL): boolean {
  try {
    const { mtimeMs } = statSync(new URL(WITNESSES_FILE, bundle))
    const witnesses = JSON.parse(readFileSync(new URL(WITNESSES_FILE, bundle), 'utf8')) as readonly string[]
    return witnesses.every((path) => statSync(new URL(path, bundle)).mtimeMs < mtimeMs)
  } catch {
    return false
  }
}
