/**
 * Returns a suggested command, for the cluster that the user named.
 * @param block CIDR; undefined: there is only one cluster
 */
export function targeted(command: string, block: string | undefined): string {
  return block !== undefined && command.startsWith('fivetuple ') ? `${command} --block ${block}` : command
}
