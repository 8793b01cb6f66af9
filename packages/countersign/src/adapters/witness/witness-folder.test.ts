import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { witnessVkey } from '../../judge/witness-policy/witness-policy.fixtures.ts'
import { TEST_TIME, toldLog } from '../../workflows/witness-checkpoint.fixtures.ts'
import { openFolderCosigner } from './folder-cosigner.ts'
import { readWitnessFolder, readWitnessPolicy, witnessSizesFile } from './witness-folder.ts'

const POLICY = `witness w ${witnessVkey(1)} http://127.0.0.1:1/\nquorum w\n`
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'witness-folder-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text)
const problem = (code: string, message: string) =>
  expect.objectContaining({ name: 'Problem', code, message: expect.stringContaining(message) })

describe('a folder says whom a log asks', () => {
  test('with settings of its own, or the strict ones', async () => {
    write('policy.txt', POLICY)
    expect((await readWitnessFolder(folder))?.settings).toEqual({
      whenAway: 'refuse',
      timeoutSeconds: 5,
      clockSkewSeconds: 300,
    })
    write('settings.json', '{ "whenAway": "warn", "timeoutSeconds": 2 }')
    expect(await readWitnessFolder(folder)).toMatchObject({
      policy: { witnesses: [{ name: 'w' }] },
      settings: { whenAway: 'warn', timeoutSeconds: 2, clockSkewSeconds: 300 },
    })
  })

  test('and nobody, where it is not there', async () => {
    expect(await readWitnessFolder(join(folder, 'none'))).toBeNull()
    expect(await openFolderCosigner(folder, { now: () => TEST_TIME, warn: () => undefined })).toBeNull()
  })

  test.for([
    {
      name: 'a policy with a fault',
      policy: `${POLICY}quorum w\n`,
      settings: null,
      message: 'policy.txt, line 3: a second quorum line (second_quorum)',
    },
    { name: 'settings without a policy', policy: null, settings: '{}', message: 'settings.json but no policy.txt' },
    { name: 'settings that are no JSON', policy: POLICY, settings: '{', message: 'settings.json is no JSON' },
    { name: 'a setting that there is not', policy: POLICY, settings: '{ "whenaway": "warn" }', message: 'whenaway' },
    { name: 'a value that there is not', policy: POLICY, settings: '{ "whenAway": "ignore" }', message: 'whenAway' },
    { name: 'a wait of nothing', policy: POLICY, settings: '{ "timeoutSeconds": 0 }', message: 'timeoutSeconds' },
  ])('but not with $name: witness_policy_malformed', async ({ policy, settings, message }) => {
    if (policy !== null) write('policy.txt', policy)
    if (settings !== null) write('settings.json', settings)
    await expect(readWitnessFolder(folder)).rejects.toEqual(problem('witness_policy_malformed', message))
  })

  test('but not with a file that cannot be read: file_unreadable', async () => {
    mkdirSync(join(folder, 'policy.txt'))
    await expect(readWitnessFolder(folder)).rejects.toEqual(problem('file_unreadable', 'policy.txt'))
    await expect(readWitnessPolicy(join(folder, 'none'))).rejects.toEqual(problem('file_unreadable', 'none'))
  })
})

describe('the sizes that witnesses have cosigned', () => {
  test('are kept in one private file, which is never half written', async () => {
    const sizes = witnessSizesFile(join(folder, 'new', 'sizes.json'))
    await Promise.all([3, 4, 5].map((size) => sizes.store(new Map([['a+b', size]]))))
    await sizes.store(
      new Map([
        ['a+b', 7],
        ['c+d', 0],
      ]),
    )
    expect([...(await sizes.load())]).toEqual([
      ['a+b', 7],
      ['c+d', 0],
    ])
    expect(readdirSync(join(folder, 'new'))).toEqual(['sizes.json'])
    expect(statSync(join(folder, 'new', 'sizes.json')).mode & 0o777).toBe(0o600)
  })

  test.for(['', '[]', '{ "a": -1 }', '{ "a": "1" }'])('are not believed when the file holds %j', async (text) => {
    write('sizes.json', text)
    await expect(witnessSizesFile(join(folder, 'sizes.json')).load()).rejects.toThrow()
  })
})

const NO_PROOF = async () => []

describe('a log whose only witness is away', () => {
  beforeEach(() => {
    write('policy.txt', POLICY)
    // Sizes can neither be read nor kept, and that stops nobody.
    mkdirSync(join(folder, 'sizes.json'))
  })

  test('goes on and says so where its settings allow that', async () => {
    write('settings.json', '{ "whenAway": "warn" }')
    const said: string[] = []
    const cosigner = await openFolderCosigner(folder, { now: () => TEST_TIME, warn: (text) => said.push(text) })
    expect(await cosigner?.release(toldLog().signed(3), NO_PROOF)).toEqual(toldLog().signed(3))
    expect(said).toEqual([
      expect.stringMatching(/^too few witnesses cosigned 3 entries: w cannot be reached: .+ \(witness_unreachable\)$/),
    ])
    cosigner?.close()
  })

  test('witnesses_missing: gives out nothing where they do not', async () => {
    const cosigner = await openFolderCosigner(folder, { now: () => TEST_TIME, warn: () => undefined })
    await expect(cosigner?.release(toldLog().signed(3), NO_PROOF)).rejects.toThrow(
      expect.objectContaining({
        name: 'EvidenceLogError',
        code: 'witnesses_missing',
        message: expect.stringContaining('w cannot be reached'),
      }),
    )
    cosigner?.close()
  })
})
