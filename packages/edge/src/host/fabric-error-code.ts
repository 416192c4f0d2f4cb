import { type IcmpError, IcmpType, isAdmissionRefusal, isSourcePortProblem, UnreachableCode } from '@fivetuple/packet'

/** Reason why a connection or a datagram of a host failed, as an errno. */
export type FabricErrorCode =
  /** The source port is in use on the far edge's machine. */
  | 'EADDRINUSE'
  /** No source port is free here. */
  | 'EADDRNOTAVAIL'
  | 'ECONNABORTED'
  | 'ECONNREFUSED'
  | 'ECONNRESET'
  | 'EHOSTUNREACH'
  /** A limit on the way, and not the target, has refused the connection. */
  | 'ENOBUFS'
  | 'ETIMEDOUT'

/** Returns the code that stands for an ICMP error. */
export function errorCodeOf(error: IcmpError): FabricErrorCode {
  if (isSourcePortProblem(error)) return 'EADDRINUSE'
  if (isAdmissionRefusal(error)) return 'ENOBUFS'
  const isPort = error.type === IcmpType.DESTINATION_UNREACHABLE && error.code === UnreachableCode.PORT
  return isPort ? 'ECONNREFUSED' : 'EHOSTUNREACH'
}
