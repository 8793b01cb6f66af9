import { sha256Hex } from '../bytes/digest.ts'
import { EvidenceError } from './evidence-error.ts'
import { MANIFEST, requirePaths } from './packet-paths.ts'
import { openDocument, sealDocument } from './sealed-document.ts'
import { count, digest, list, moment, nullable, oneOf, record, text } from './shape.ts'

/** The `payloadType` under which a manifest is signed. */
export const MANIFEST_PAYLOAD_TYPE = 'application/vnd.countersign.packet-manifest.v1+json'

/** What a packet holds: docs/formats/packet.md describes it. */
export interface PacketManifest {
  /** RFC 3339, by the clock of whoever made the packet. */
  readonly createdAt: string
  /** The repository whose evidence was asked for; null for all of it. */
  readonly repository: string | null
  readonly log: { readonly origin: string; readonly vkey: string; readonly size: number }
  /** `envelopeKeyId` of the key that signed the evidence and this manifest. */
  readonly evidenceKey: string
  /** The places in the log of the entries that are here, in order. */
  readonly entries: readonly number[]
  /** Every other file, in order of its path. */
  readonly files: readonly PacketFile[]
}

/** One file of a packet. */
export interface PacketFile {
  readonly path: string
  readonly sha256: string
  readonly size: number
}

const FORMAT = 'https://countersign.dev/formats/packet/v1'

const shape = record<PacketManifest & { readonly format: string }>({
  format: oneOf([FORMAT]),
  createdAt: moment,
  repository: nullable(text),
  log: record({ origin: text, vkey: text, size: count }),
  evidenceKey: text,
  entries: list(count),
  files: list(record<PacketFile>({ path: text, sha256: digest, size: count })),
})

/** The bytes of `manifest.json`. Throws as {@link openManifest} does for a manifest that it would refuse. */
export function sealManifest(manifest: PacketManifest): Uint8Array {
  const bytes = sealDocument({ format: FORMAT, ...manifest })
  openManifest(bytes)
  return bytes
}

/**
 * Reads a manifest whose signature has been verified. Throws {@link EvidenceError} as `openDocument` and `requirePaths` do, and
 * `malformed_document` for entries that are out of order, not in a log of that size, or more than the files.
 */
export function openManifest(bytes: Uint8Array): PacketManifest {
  const { format: _format, ...manifest } = openDocument(bytes, MANIFEST, shape)
  requirePaths(manifest.files.map(({ path }) => path))
  const { entries, files, log } = manifest
  // Each entry has files of its own, so that a short manifest cannot ask for endless work.
  if (
    entries.length > files.length ||
    entries.some((index, at) => index >= log.size || index <= (entries[at - 1] ?? -1))
  ) {
    throw new EvidenceError('malformed_document', 'entries out of order, past the end of the log, or without files')
  }
  return manifest
}

/** What a manifest says of a file. */
export function describeFile(path: string, bytes: Uint8Array): PacketFile {
  return { path, sha256: sha256Hex(bytes), size: bytes.length }
}
