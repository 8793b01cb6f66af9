import {
  canonicalJson,
  encodeStatement,
  formatEnvelope,
  formatEvidenceKey,
  fromUtf8,
  type Json,
  STATEMENT_PAYLOAD_TYPE,
  sha256Hex,
  signEnvelope,
  utf8,
} from '@countersign/verify'
import { sourceSubject } from '../../workflows/append-statement.ts'
import { evidenceKey } from '../../workflows/statement-log.fixtures.ts'
import { ControlTagError } from '../controls/control-tag.ts'
import { MAPPING_VERSION, mappingDocument } from '../controls/mapping.ts'
import { resolveControlTag } from '../controls/resolve-control-tag.ts'
import { SALT_BYTES, sealSaltedPayload } from '../retention/salted-payload.ts'
import { BACKFILL } from './backfill.ts'
import { OBSERVATION_GAP } from './observation-gap.ts'
import { PAYLOAD_PRUNED } from './payload-pruned.ts'
import { SOURCE_HEARTBEAT } from './source-heartbeat.ts'
import { stampOf } from './statement-controls.ts'
import { FILLED, GAP, HEARTBEAT, PRUNED } from './statements.fixtures.ts'

const { key } = evidenceKey(9)
const RECORDED_AT = Date.parse(HEARTBEAT.recordedAt) / 1_000

/** The files of docs/formats/vectors/statements/ by name: the same bytes on every run. */
export function statementVectors(): ReadonlyMap<string, string> {
  const observed = [sourceSubject(HEARTBEAT.source)]
  const pruned = [{ name: 'payload', digest: { sha256: PRUNED.payload.sha256 } }]
  const vectors = {
    'source-heartbeat.json': statement(SOURCE_HEARTBEAT, observed, HEARTBEAT, {
      'a promise over more than a day': { ...HEARTBEAT, within: 86_401 },
      'a time with an offset': { ...HEARTBEAT, at: '2026-03-01T00:10:00+00:00' },
      'a memory of a kind that there is not': { ...HEARTBEAT, memory: { kind: 'endless' } },
    }),
    'backfill.json': statement(BACKFILL, observed, FILLED, { 'fewer than no facts': { ...FILLED, found: -1 } }),
    'observation-gap.json': statement(OBSERVATION_GAP, observed, GAP, {
      'an open gap with an end': { ...GAP, state: 'open' },
      'a closed gap without one': { ...GAP, to: null },
    }),
    'payload-pruned.json': statement(PAYLOAD_PRUNED, pruned, PRUNED, {
      'a removal on request without the request': { ...PRUNED, reason: 'personal_data' },
    }),
    'salted-payload.json': salted(),
    'control-mapping.json': mapping(),
  }
  return new Map(Object.entries(vectors).map(([name, value]) => [name, `${JSON.stringify(value, null, 2)}\n`]))
}

function statement(
  predicateType: string,
  subject: Parameters<typeof encodeStatement>[0]['subject'],
  content: object,
  refused: Readonly<Record<string, object>>,
): object {
  const predicate = { ...content, ...stampOf(predicateType, RECORDED_AT) } as { readonly [key: string]: Json }
  const payload = encodeStatement({ subject, predicateType, predicate })
  return {
    evidenceKey: formatEvidenceKey(key.publicKey),
    statement: fromUtf8(payload),
    envelope: formatEnvelope(signEnvelope(STATEMENT_PAYLOAD_TYPE, payload, [key])),
    refused: Object.entries(refused).map(([name, bad]) => ({ name, predicate: bad, code: 'malformed_document' })),
  }
}

function salted(): object {
  const salt = Uint8Array.from({ length: SALT_BYTES }, (_, at) => at)
  const bytes = sealSaltedPayload({ salt, mediaType: 'application/json', content: utf8('{"login":"ann"}') })
  return { content: '{"login":"ann"}', document: fromUtf8(bytes), sha256: sha256Hex(bytes) }
}

const ASKED = [
  'CC8.1',
  'CM-03(02)',
  'nist-800-53@r4:CM-5(3)',
  'iso27001@2013:A.12.1.2',
  'pci-dss@3.2.1:6.4',
  'pci-dss@4.0.1:6.4',
  'dora:Art. 9(4)(e)',
]
const REFUSED = [
  'pci-dss:6.4',
  'nist-800-53@r5:CM-5(2)',
  'iso27001@2005:A.10.1.2',
  'soc2:CC99.9',
  'cobit@2019:BAI06',
  'a:b:c',
]

function mapping(): object {
  const document = canonicalJson(mappingDocument())
  return {
    version: MAPPING_VERSION,
    sha256: sha256Hex(utf8(document)),
    resolved: ASKED.map((asked) => {
      const { tag, notes } = resolveControlTag(asked)
      return { asked, tag, notes: notes.map(({ code }) => code) }
    }),
    refused: REFUSED.map((asked) => ({ asked, code: refusalOf(asked) })),
    document,
  }
}

function refusalOf(asked: string): string {
  try {
    return resolveControlTag(asked).tag
  } catch (error) {
    if (error instanceof ControlTagError) return error.code
    throw error
  }
}
