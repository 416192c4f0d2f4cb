import type { FlowHash } from './flow-hash.js'

const TABLE = makeTable()

/**
 * CRC-32 (IEEE 802.3, reflected polynomial 0xedb88320) over the thirteen bytes source, destination,
 * source port, destination port, protocol in network order, as in many switching chips. CRC is
 * linear, so the seed only XORs a constant into the result: it permutes hash values but keeps flows
 * that collide together (hash polarisation).
 */
export const crc32: FlowHash = (sourceAddress, destinationAddress, sourcePort, destinationPort, protocol, seed) => {
  let c = ~seed
  c = word(c, sourceAddress)
  c = word(c, destinationAddress)
  c = word(c, (sourcePort << 16) | destinationPort)
  c = TABLE[(c ^ protocol) & 255]! ^ (c >>> 8)
  return ~c >>> 0
}

function word(c: number, w: number): number {
  c = TABLE[(c ^ (w >>> 24)) & 255]! ^ (c >>> 8)
  c = TABLE[(c ^ (w >>> 16)) & 255]! ^ (c >>> 8)
  c = TABLE[(c ^ (w >>> 8)) & 255]! ^ (c >>> 8)
  return TABLE[(c ^ w) & 255]! ^ (c >>> 8)
}

function makeTable(): Int32Array {
  const table = new Int32Array(256)
  for (let n = 0; n < 256; n++) {
    let c = n
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
    table[n] = c
  }
  return table
}
