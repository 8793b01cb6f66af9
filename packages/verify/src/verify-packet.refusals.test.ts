import { describe, expect, test } from 'vitest'
import { fromUtf8, utf8 } from './bytes/encoding.ts'
import type { ChangeDecision } from './evidence/change-decision.ts'
import type { ChangeInputs } from './evidence/change-inputs.ts'
import { failures, keys, makePacket, NOW, type PacketChanges, trust } from './packet.fixtures.ts'
import { verifyPacket } from './verify-packet.ts'

const packet = makePacket()

describe('refuses', () => {
  const otherLog = { logKey: keys.stranger } as const
  const other = makePacket(otherLog)
  const rows: readonly { name: string; changes: PacketChanges; about: string; reason: string }[] = [
    {
      name: 'a missing file',
      changes: {
        manifest: (one) => ({ ...one, files: [...one.files, { path: 'z', sha256: '0'.repeat(64), size: 0 }] }),
      },
      about: 'z',
      reason: 'file_missing',
    },
    {
      name: 'a missing blob that the manifest does not list either',
      changes: {
        files: (files) => void files.delete([...files.keys()].filter((one) => /^blobs/.test(one))[1] as string),
      },
      about: [...packet.keys()].filter((one) => /^blobs/.test(one))[1] as string,
      reason: 'file_missing',
    },
    {
      name: 'a blob under another digest',
      changes: { files: (files) => void files.set(blobOf(files, 'change-inputs'), utf8('{}')) },
      about: blobOf(packet, 'change-inputs'),
      reason: 'file_changed',
    },
    {
      name: 'a manifest that another key signed',
      changes: { manifestKey: keys.stranger },
      about: 'manifest.dsse.json',
      reason: 'below_threshold',
    },
    {
      name: 'another evidence key beside a rightly signed manifest',
      changes: { files: (files) => void files.set('keys/evidence.pem', utf8(strangerPem())) },
      about: 'keys/evidence.pem',
      reason: 'key_differs',
    },
    {
      name: 'an evidence key that is none',
      changes: { files: (files) => void files.set('keys/evidence.pem', utf8('none')) },
      about: 'keys/evidence.pem',
      reason: 'malformed_key',
    },
    {
      name: 'another log key beside the one that the manifest names',
      changes: { files: (files) => void files.set('keys/log.vkey', utf8('none')) },
      about: 'keys/log.vkey',
      reason: 'key_differs',
    },
    {
      name: 'a manifest that names another evidence key',
      changes: {
        manifest: (one) => ({ ...one, evidenceKey: `${one.evidenceKey}x` }),
      },
      about: 'keys/evidence.pem',
      reason: 'key_differs',
    },
    {
      name: 'a manifest of a later day',
      changes: { manifest: (one) => ({ ...one, createdAt: '2026-02-01T00:00:00Z' }) },
      about: 'manifest.json',
      reason: 'time_order',
    },
    {
      name: 'another size of the log',
      changes: { manifest: (one) => ({ ...one, log: { ...one.log, size: 5 } }) },
      about: 'checkpoint',
      reason: 'log_differs',
    },
    {
      name: "another log's checkpoint",
      changes: { checkpoint: () => fromUtf8(other.get('checkpoint') as Uint8Array) },
      about: 'checkpoint',
      reason: 'no_known_signature',
    },
    { name: 'a packet of another log', changes: otherLog, about: 'checkpoint', reason: 'no_known_signature' },
    {
      name: 'a proof against another checkpoint',
      changes: { checkpoint: (note) => `${note}— somewhere.example ${Buffer.alloc(68).toString('base64')}\n` },
      about: 'entries/0.json',
      reason: 'other_checkpoint',
    },
    {
      name: 'the proof of another entry',
      changes: {
        proof: (proof, index) => (index === 0 ? fromUtf8(packet.get('proofs/1.tlog-proof') as never) : proof),
      },
      about: 'entries/0.json',
      reason: 'other_index',
    },
    {
      name: 'a proof that says this index and is not its own',
      changes: {
        proof: (proof, index) =>
          index === 0 ? fromUtf8(packet.get('proofs/1.tlog-proof') as never).replace('index 1', 'index 0') : proof,
      },
      about: 'entries/0.json',
      reason: 'root_mismatch',
    },
    {
      name: 'the entry of another packet',
      changes: {
        files: (files) =>
          void files.set('entries/0.json', makePacket({ entryKey: keys.stranger }).get('entries/0.json') as never),
      },
      about: 'entries/0.json',
      reason: 'root_mismatch',
    },
    {
      name: 'an entry that another key signed',
      changes: { entryKey: keys.stranger },
      about: 'entries/0.json',
      reason: 'below_threshold',
    },
    {
      name: 'an envelope of another kind',
      changes: { payloadType: 'application/json' },
      about: 'entries/0.json',
      reason: 'wrong_payload_type',
    },
    {
      name: 'a statement about another repository than its decision',
      changes: { subject: 'https://git.example/other' },
      about: 'entries/0.json',
      reason: 'subject_differs',
    },
    {
      name: 'an entry about something else than the envelope that it names',
      changes: { subject: 'https://git.example/other' },
      about: 'entries/2.json',
      reason: 'subject_differs',
    },
    {
      name: 'a decision that was recorded before it was made',
      changes: { decision: (one) => ({ ...one, recordedAt: '2026-01-09T23:59:59Z' }) },
      about: 'entries/0.json',
      reason: 'time_order',
    },
    {
      name: 'a decision that was recorded after the packet was made',
      changes: { decision: (one) => ({ ...one, recordedAt: '2026-01-11T00:00:01Z' }) },
      about: 'entries/0.json',
      reason: 'time_order',
    },
    {
      name: 'a decision without a verdict that there is',
      changes: { decision: (one) => ({ ...one, verdict: 'fine' as 'pass' }) },
      about: 'entries/0.json',
      reason: 'malformed_document',
    },
    {
      name: 'inputs of another change',
      changes: { inputs: (one) => ({ ...one, change: { ...one.change, ref: 'refs/heads/other' } }) },
      about: 'entries/0.json',
      reason: 'inputs_differ',
    },
    {
      name: 'inputs of another time',
      changes: { inputs: (one) => ({ ...one, evaluatedAt: one.evaluatedAt + 1 }) },
      about: 'entries/0.json',
      reason: 'inputs_differ',
    },
    {
      name: 'an object whose bytes have another id',
      changes: { inputs: withBody((body) => body.replace('Alice <', 'Mallory <')) },
      about: 'entries/0.json',
      reason: 'object_id_mismatch',
    },
    {
      name: 'a signature check that was recorded as better than it is, signed by the right key',
      changes: {
        decision: changeSignature(1, (one) => ({
          ...one,
          status: 'good',
          git: 'G',
          reason: 'verified',
          signer: 'alice',
        })),
      },
      about: 'commit',
      reason: 'signature_differs',
    },
    {
      name: 'a signer who was made up',
      changes: { decision: changeSignature(0, (one) => ({ ...one, signer: 'bob' })) },
      about: 'commit',
      reason: 'signature_differs',
    },
    {
      name: 'a signature check of an object that is not in the inputs',
      changes: { decision: changeSignature(0, (one) => ({ ...one, object: 'a'.repeat(40) })) },
      about: `commit ${'a'.repeat(40)}`,
      reason: 'signature_differs',
    },
    {
      name: 'an object whose signature check was left out',
      changes: { decision: (one) => ({ ...one, signatures: [] }) },
      about: 'commit',
      reason: 'signature_differs',
    },
    {
      name: 'a policy that was not the one in force',
      changes: { decision: (one) => ({ ...one, policy: null }) },
      about: 'commit',
      reason: 'signature_differs',
    },
    {
      name: 'a policy that is none',
      changes: { decision: (one) => ({ ...one, policy: { sha256: one.inputs.sha256 } }) },
      about: 'entries/0.json',
      reason: 'malformed_document',
    },
  ]

  test.for(rows)('$name with $reason', ({ changes, about, reason }) => {
    const { explanation } = verifyPacket(makePacket(changes), trust, NOW)
    expect(explanation).toMatchObject({ verdict: 'fail', reason: 'refuted' })
    const found = failures(explanation)
    expect(found.map((one) => one.reason)).toContain(reason)
    expect(
      found
        .filter((one) => one.reason === reason)
        .map((one) => one.about)
        .join('\n'),
    ).toContain(about === 'commit 4b3a' ? 'commit' : about)
  })

  test('a file that is not listed, with file_unexpected', () => {
    const { explanation } = verifyPacket(new Map([...packet, ['extra', utf8('')]]), trust, NOW)
    expect(failures(explanation)).toMatchObject([{ about: 'extra', reason: 'file_unexpected' }])
  })

  test('a manifest with a second signature, or any other spelling of its envelope, with manifest_differs', () => {
    const envelope = JSON.parse(fromUtf8(packet.get('manifest.dsse.json') as Uint8Array))
    const [signature] = envelope.signatures
    for (const changed of [
      { ...envelope, more: 1 },
      { ...envelope, signatures: [{ ...signature, keyid: '' }] },
    ]) {
      const files = new Map([...packet, ['manifest.dsse.json', utf8(JSON.stringify(changed))]])
      expect(failures(verifyPacket(files, trust, NOW).explanation)).toMatchObject([
        { about: 'manifest.dsse.json', reason: 'manifest_differs' },
      ])
    }
  })
})

function blobOf(files: ReadonlyMap<string, Uint8Array>, format: string): string {
  return [...files].find(([, bytes]) => fromUtf8(bytes).includes(`/formats/${format}/`))?.[0] ?? ''
}

function strangerPem(): string {
  return fromUtf8(makePacket({ manifestKey: keys.stranger }).get('keys/evidence.pem') as Uint8Array)
}

function withBody(change: (body: string) => string): (inputs: ChangeInputs) => ChangeInputs {
  return (inputs) => ({
    ...inputs,
    objects: inputs.objects.map((one) => ({ ...one, body: utf8(change(fromUtf8(one.body))) })),
  })
}

function changeSignature(
  at: number,
  change: (one: ChangeDecision['signatures'][number]) => ChangeDecision['signatures'][number],
): (decision: ChangeDecision, index: number) => ChangeDecision {
  return (decision, index) => (index === at ? { ...decision, signatures: decision.signatures.map(change) } : decision)
}
