import { readFileSync, statSync } from 'node:fs'

/** Folder of a program in few files, as `scripts/bundle.mjs` makes it beside the program's main module. */
export const BUNDLE_FOLDER = 'bundle/'
/** In it: JSON, what tells by its time of writing whether something has changed that went into it, relative to the folder. */
export const WITNESSES_FILE = 'witnesses.json'

/**
 * The program that a folder of compiled modules is: bundled, or, where that is missing or out of date, as the compiler has left it.
 * Both do the same, but the other way each process finds, reads and links hundreds of files, which takes it twice as long.
 *
 * @param folder URL, with a slash at its end
 * @returns URL of the module to run
 */
export function programIn(folder: URL): URL {
  const bundle = new URL(BUNDLE_FOLDER, folder)
  return new URL('main.js', isUpToDate(bundle) ? bundle : folder)
}

/** Whether nothing that went into a bundle has been written since, or has gone. */
export function isUpToDate(bundle: URL): boolean {
  try {
    const { mtimeMs } = statSync(new URL(WITNESSES_FILE, bundle))
    const witnesses = JSON.parse(readFileSync(new URL(WITNESSES_FILE, bundle), 'utf8')) as readonly string[]
    return witnesses.every((path) => statSync(new URL(path, bundle)).mtimeMs < mtimeMs)
  } catch {
    return false
  }
}
