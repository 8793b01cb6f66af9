import { str, u32, u64 } from './software-signer.ts'

const MAGIC = Buffer.from('SSHKRL\n\0', 'latin1')
const krlHeader = Buffer.concat([MAGIC, u32(1), u64(1n), u64(0n), u64(0n), str(''), str('made for a test')])

/** A key revocation list of the given sections. */
export function makeKrl(...sections: readonly (readonly [type: number, content: Uint8Array])[]): Buffer {
  return Buffer.concat([krlHeader, ...sections.flatMap(([type, content]) => [Buffer.of(type), str(content)])])
}

/** The content of a certificate section: subsections for one authority, or for all with an empty blob. */
export function krlCertificates(
  authority: Uint8Array,
  ...parts: readonly (readonly [type: number, content: Uint8Array])[]
): readonly [number, Buffer] {
  const subsections = parts.flatMap(([type, content]) => [Buffer.of(type), str(content)])
  return [1, Buffer.concat([str(authority), str(''), ...subsections])]
}
