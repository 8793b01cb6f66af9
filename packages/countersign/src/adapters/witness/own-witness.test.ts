import { parseVerifierKey } from '@countersign/verify'
import { describe, expect, test } from 'vitest'
import { parseWitnessPolicy } from '../../judge/witness-policy/parse-witness-policy.ts'
import { knownKey, logVkey, witnessVkey } from '../../judge/witness-policy/witness-policy.fixtures.ts'
import type { PolicyLog } from '../../judge/witness-policy/witness-policy.ts'
import type { SigningKey } from '../../workflows/ports/signing-key.ts'
import { toldLog } from '../../workflows/witness-checkpoint.fixtures.ts'
import { witnessCheckpoint } from '../../workflows/witness-checkpoint.ts'
import { nameWitness, witnessFor } from './own-witness.ts'
import { openWitnessDatabase } from './witness-database.ts'

const KEY: SigningKey = { keyId: 'test', ...knownKey(77) }
const memory = () => openWitnessDatabase(':memory:')
const logsOf = (...vkeys: readonly string[]): readonly PolicyLog[] =>
  parseWitnessPolicy(Buffer.from(`${vkeys.map((vkey) => `log ${vkey}\n`).join('')}quorum none\n`)).logs
const usage = (message: string) =>
  expect.objectContaining({ name: 'Problem', code: 'usage', message: expect.stringContaining(message) })

describe('a witness', () => {
  test('is named after its key where nobody names it, and keeps its name', async () => {
    const state = memory()
    const { name, verifierKey } = await nameWitness(KEY, state, undefined)
    expect(name).toMatch(/^countersign\.local\/witness\/[0-9a-f]{16}$/)
    expect(parseVerifierKey(verifierKey)).toMatchObject({ name, type: 4, publicKey: Buffer.from(KEY.publicKey) })
    expect((await nameWitness(KEY, state, name)).verifierKey).toBe(verifierKey)
    await expect(nameWitness(KEY, state, 'else.example')).rejects.toEqual(usage(`is called ${name}, not else.example`))
  })

  test('has the name that it was given first', async () => {
    const state = memory()
    await nameWitness(KEY, state, 'witness.example/77')
    expect(await nameWitness(KEY, state, undefined)).toMatchObject({
      name: 'witness.example/77',
      verifierKey: witnessVkey(77),
    })
  })

  test.for(['', 'a b', 'a+b', 'a\nb'])('is not called %j, and stays without a name', async (name) => {
    const state = memory()
    await expect(nameWitness(KEY, state, name)).rejects.toEqual(usage('cannot be a witness'))
    expect(await state.name()).toBeNull()
  })

  test('cosigns for each log that it is told of, by each key of it', async () => {
    const witness = await nameWitness(KEY, memory(), 'witness.example/77')
    const parts = witnessFor(witness, logsOf(logVkey(1), logVkey(2), logVkey(3, 'other.example')), () => 1_000)
    expect([...parts.logs].map(([origin, keys]) => [origin, keys.length])).toEqual([
      ['log.example/one', 2],
      ['other.example', 1],
    ])
    expect(await witnessCheckpoint(parts, toldLog().request(0, 4))).toMatchObject({ status: 200 })
  })

  test('refuses to be a witness of nothing, or of its own key', async () => {
    const witness = await nameWitness(KEY, memory(), undefined)
    expect(() => witnessFor(witness, [], () => 1_000)).toThrow(usage('no log is named'))
    expect(() => witnessFor(witness, logsOf(logVkey(1), logVkey(77)), () => 1_000)).toThrow(usage('own key'))
  })
})
