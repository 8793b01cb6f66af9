import { sha256Hex } from './bytes/digest.ts'
import { fromUtf8, toBase64, toHex, utf8 } from './bytes/encoding.ts'
import { parseEnvelope } from './dsse/envelope.ts'
import { openChangeInputs } from './evidence/change-inputs.ts'
import { encodePacketZip } from './evidence/packet-zip.ts'
import { openPolicyBundle } from './evidence/policy-bundle.ts'
import { formatObjectLine } from './object-line.ts'
import { EVALUATED_AT, makePacket, NOW, ORIGIN, SEALED_POLICY, trust } from './packet.fixtures.ts'
import { leafHash } from './tlog/merkle.ts'
import { readTrustRoots } from './trust-roots.ts'
import { verifyObject } from './verify-object.ts'

/** The files of docs/formats/vectors/ by name, made from the packet of the tests: the same bytes on every run. */
export function formatVectors(): ReadonlyMap<string, string> {
  const files = makePacket()
  const text = (path: string): string => fromUtf8(files.get(path) as Uint8Array)
  const envelope = text('entries/0.json')
  const [longPath, longEnvelope] = blobs(files).find(([, content]) => content.startsWith('{"payload":')) ?? ['', '']
  const { evidenceKey, logKey } = trust
  const vectors = {
    'object-lines.json': objectLines(files),
    'change-inputs.json': inputsVector(
      blobs(files).find(([, content]) => content.includes('change-inputs/v1'))?.[1] ?? '',
    ),
    'policy-bundle.json': { document: fromUtf8(SEALED_POLICY), sha256: sha256Hex(SEALED_POLICY) },
    'change-decision.json': { evidenceKey, statement: payloadOf(envelope), envelope },
    'evidence-reference.json': {
      evidenceKey,
      statement: payloadOf(text('entries/2.json')),
      envelope: text('entries/2.json'),
      names: { path: longPath, content: longEnvelope },
    },
    'receipt.json': {
      origin: ORIGIN,
      logKey,
      entry: envelope,
      leafHash: toHex(leafHash(utf8(envelope))),
      checkpoint: text('checkpoint'),
      proof: text('proofs/0.tlog-proof'),
    },
    'packet.json': {
      ...trust,
      now: NOW,
      files: Object.fromEntries([...files.keys()].sort().map((path) => [path, text(path)])),
    },
    'packet-zip.json': zipVector(),
  }
  return new Map(Object.entries(vectors).map(([name, value]) => [name, `${JSON.stringify(value, null, 2)}\n`]))
}

function blobs(files: ReadonlyMap<string, Uint8Array>): readonly (readonly [string, string])[] {
  return [...files].filter(([path]) => path.startsWith('blobs/')).map(([path, bytes]) => [path, fromUtf8(bytes)])
}

function payloadOf(envelope: string): string {
  return fromUtf8(parseEnvelope(envelope).payload)
}

function objectLines(files: ReadonlyMap<string, Uint8Array>): object {
  const { trust: material } = openPolicyBundle(SEALED_POLICY)
  const { roots } = readTrustRoots(material)
  const objects = blobs(files)
    .filter(([, content]) => content.includes('change-inputs/v1'))
    .flatMap(([, content]) => openChangeInputs(utf8(content)).objects)
  const times = { now: EVALUATED_AT, trusted: null }
  return {
    allowedSigners: material.allowedSigners.map(fromUtf8).join(''),
    now: EVALUATED_AT,
    objects: objects.map(({ id, type, body }) => {
      const check = verifyObject(id, type === 'tag' ? 'tag' : 'commit', body, 'sha1', roots, times)
      return { objectFormat: 'sha1', body: toBase64(body), line: formatObjectLine(check) }
    }),
  }
}

function inputsVector(document: string): object {
  const refused = [
    { name: 'white space at the end', document: `${document}\n`, code: 'not_canonical' },
    { name: 'a field too many', document: `{"a":1,${document.slice(1)}`, code: 'malformed_document' },
    { name: 'a key twice', document: document.replace('"format"', '"format":"x","format"'), code: 'not_canonical' },
  ]
  return { document, sha256: sha256Hex(utf8(document)), refused }
}

function zipVector(): object {
  const files = { a: '', 'b/two.json': '{}' }
  const bytes = encodePacketZip(new Map(Object.entries(files).map(([path, content]) => [path, utf8(content)])))
  return { files, zip: toHex(bytes) }
}
