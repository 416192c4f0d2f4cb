/** True if a kind is another one, or has it as its first word: `bgp.up` is of `bgp`. */
export function isOfKind(kind: string, selected: string): boolean {
  return kind === selected || kind.startsWith(`${selected}.`)
}
