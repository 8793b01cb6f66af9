import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromUtf8 } from './bytes/encoding.ts'
import { encodePacketZip } from './evidence/packet-zip.ts'
import { CREATED_AT, failures, makePacket, NOW, trust } from './packet.fixtures.ts'
import { parseTlogProof } from './tlog/tlog-proof.ts'
import { PACKET_CRITERIA, verifyPacket, verifyZippedPacket } from './verify-packet.ts'

const packet = makePacket()
const zip = encodePacketZip(packet)

describe('a packet as it was made', () => {
  test.for([
    { name: 'a folder', report: () => verifyPacket(packet, trust, NOW) },
    { name: 'a zip', report: () => verifyZippedPacket(zip, trust, NOW) },
  ])('is proved as $name', ({ report }) => {
    const { criteria, explanation } = report()
    expect(criteria).toBe(PACKET_CRITERIA)
    expect(explanation).toMatchObject({ verdict: 'pass', reason: 'proved' })
    expect(explanation.parts.map(({ about, verdict, reason }) => `${verdict} ${about} ${reason}`)).toEqual([
      'pass manifest.json files_unchanged',
      'pass entries/0.json entry_proved',
      'pass entries/1.json entry_proved',
      'pass entries/2.json entry_proved',
      'pass checkpoint log_signed',
    ])
  })

  test('says how much of the log it holds', () => {
    const { explanation } = verifyPacket(packet, trust, NOW)
    expect(explanation.parts.at(-1)?.sentence).toContain('3 of the 4 entries of the log')
  })

  test.for([
    { name: 'no key', known: { logKey: null, evidenceKey: null } },
    { name: 'the log key alone', known: { ...trust, evidenceKey: null } },
    { name: 'the evidence key alone', known: { ...trust, logKey: null } },
  ])('is not proved by a reader who brings $name', ({ known }) => {
    const { explanation } = verifyPacket(packet, known, NOW)
    expect(explanation.verdict).toBe('indeterminate')
    expect(failures(explanation).map(({ reason }) => reason)).toEqual(['keys_not_pinned'])
  })

  test('is checked at the time that the reader gives, with five minutes of patience', () => {
    const created = Date.parse(CREATED_AT) / 1000
    expect(verifyPacket(packet, trust, created - 300).explanation.verdict).toBe('pass')
    expect(verifyPacket(packet, trust, created - 301).explanation.verdict).toBe('fail')
  })
})

describe('one changed byte', () => {
  test.for([...packet.keys()])('in %s fails and names it', (path) => {
    const bytes = packet.get(path) as Uint8Array
    const step = Math.ceil(bytes.length / 150)
    for (let at = 0; at < bytes.length; at += step) {
      const report = verifyPacket(new Map([...packet, [path, flipped(bytes, at)]]), trust, NOW)
      expect(report.explanation.verdict, `byte ${at}`).toBe('fail')
      expect(
        failures(report.explanation).map(({ about }) => about),
        `byte ${at}`,
      ).toEqual([path])
    }
  })

  test('in any file is never proved with the keys of the packet either', () => {
    for (const [path, bytes] of packet) {
      const report = verifyPacket(new Map([...packet, [path, flipped(bytes, bytes.length >> 1)]]), UNKNOWN, NOW)
      expect(report.explanation.verdict, path).toBe('fail')
    }
  })

  test('of the zip fails and names the file that it lies in', () => {
    const owners = ownersOfBytes(zip, packet)
    for (let at = 0; at < zip.length; at += at < owners.directory ? 5 : 1) {
      const { explanation } = verifyZippedPacket(flipped(zip, at), trust, NOW)
      expect(explanation.verdict, `byte ${at}`).toBe('fail')
      expect(failures(explanation)[0]?.about, `byte ${at}`).toContain(owners.at(at))
    }
  })
})

describe('cannot tell about', () => {
  test('evidence of a kind that it does not know', () => {
    const { explanation } = verifyPacket(makePacket({ predicateType: 'https://example.com/other' }), trust, NOW)
    expect(explanation).toMatchObject({ verdict: 'indeterminate', reason: 'not_proved' })
    expect(explanation.parts[1]).toMatchObject({ about: 'entries/0.json', reason: 'entry_not_proved' })
    expect(failures(explanation).map(({ reason }) => reason)).toContain('unknown_predicate_type')
  })

  test('a packet without entries', () => {
    const { explanation } = verifyPacket(makePacket({ manifest: (one) => ({ ...one, entries: [] }) }), trust, NOW)
    expect(explanation).toMatchObject({ verdict: 'indeterminate', reason: 'not_proved' })
    expect(failures(explanation).map(({ reason }) => reason)).toEqual(['no_entries'])
  })
})

test('keys that are none are the fault of the caller, who is told', () => {
  expect(() => verifyPacket(packet, { ...trust, logKey: 'none' }, NOW)).toThrow(
    expect.objectContaining({ name: 'TlogError', code: 'malformed_key' }),
  )
  expect(() => verifyPacket(packet, { ...trust, evidenceKey: 'none' }, NOW)).toThrow(
    expect.objectContaining({ name: 'EvidenceError', code: 'malformed_key' }),
  )
})

test('no bytes in place of a file are proved, and none make it throw', () => {
  const paths = [...packet.keys()]
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.uint8Array({ maxLength: 300 }), (path, bytes) => {
      const { explanation } = verifyPacket(new Map([...packet, [path, bytes]]), trust, NOW)
      return explanation.verdict === 'fail' && failures(explanation).every(({ about }) => about === path)
    }),
    { numRuns: 300 },
  )
})

test('every proof in the packet is against the checkpoint in it', () => {
  const note = fromUtf8(packet.get('checkpoint') as Uint8Array)
  const proofs = [...packet].filter(([path]) => path.startsWith('proofs/'))
  expect(proofs.map(([, proof]) => parseTlogProof(fromUtf8(proof)).checkpoint)).toEqual([note, note, note])
})

const UNKNOWN = { logKey: null, evidenceKey: null }

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 0x01
  return copy
}

/** Which file each byte of a zip belongs to; the last bytes belong to none, and are said to be the zip's. */
function ownersOfBytes(
  bytes: Uint8Array,
  files: ReadonlyMap<string, Uint8Array>,
): { readonly directory: number; readonly at: (offset: number) => string } {
  const ends: (readonly [number, string])[] = []
  let end = 0
  const names = [...files.keys()].sort()
  for (const name of names) {
    end += 30 + name.length + (files.get(name)?.length ?? 0)
    ends.push([end, name])
  }
  const directory = end
  for (const name of names) {
    end += 46 + name.length
    ends.push([end, name])
  }
  ends.push([bytes.length, 'zip'])
  return { directory, at: (offset) => ends.find(([past]) => offset < past)?.[1] ?? '' }
}
