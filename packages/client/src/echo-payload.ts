/** First byte of a connection whose bytes a backend sends back: no text of HTTP begins with it. */
const NUL = 0

/** Returns bytes that begin with NUL and differ from their neighbours. */
export function echoPayload(length: number): Buffer {
  const payload = Buffer.alloc(length)
  for (let i = 0; i < length; i++) payload[i] = (i * 167) >>> 3
  if (length > 0) payload[0] = NUL
  return payload
}
