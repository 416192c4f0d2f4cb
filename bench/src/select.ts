/**
 * Selects the items that `--only` names.
 *
 * @param only names or parts of names; none: all
 * @throws Error if none is left
 */
export function selected<T extends { readonly name: string }>(all: readonly T[], only: readonly string[]): T[] {
  const chosen = all.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)))
  if (chosen.length === 0)
    throw new Error(`--only ${only.join(', ')}: there are only ${all.map(({ name }) => name).join(', ')}`)
  return chosen
}
