import { utf8 } from '@countersign/verify'
import { describe, expect, test } from 'vitest'
import { memoryObjects } from '../stores/memory/object-store.ts'
import { retentionFiles } from './retention-files.ts'

const HOLD = { id: 'case-1', why: 'A lawsuit', by: 'legal@example.com', from: '2026-01-01T00:00:00Z', scope: {} }
const WRITTEN = `apiVersion: countersign.dev/v1
kind: Retention
classes: {raw: {records: 100, payloads: 10, erasable: true}}
holds: [{id: written, why: w, by: b, from: "2026-01-01T00:00:00Z"}]
`

describe('refused', () => {
  test.for([
    { name: 'a reason of two lines', hold: { ...HOLD, why: 'a\nb' } },
    { name: 'a name that is none', hold: { ...HOLD, id: '../x' } },
    { name: 'a class that there is not', hold: { ...HOLD, scope: { classes: ['never'] } } },
  ])('policy_malformed: $name', async ({ hold }) => {
    const objects = memoryObjects()
    await expect(retentionFiles(objects).place(hold)).rejects.toMatchObject({ code: 'policy_malformed' })
    expect(await Array.fromAsync(objects.list(''))).toEqual([])
  })

  test('already_there: a second hold of one name, placed or written', async () => {
    const objects = memoryObjects()
    await objects.replace('retention.yaml', utf8(WRITTEN))
    const files = retentionFiles(objects)
    await files.place(HOLD)
    for (const id of ['case-1', 'written'])
      await expect(files.place({ ...HOLD, id, by: 'x' })).rejects.toMatchObject({ code: 'already_there' })
  })

  test('hold_not_found: a hold that no command placed', async () => {
    const objects = memoryObjects()
    await objects.replace('retention.yaml', utf8(WRITTEN))
    await expect(retentionFiles(objects).release('written', HOLD.from)).rejects.toMatchObject({
      code: 'hold_not_found',
    })
  })

  test.for([
    { name: 'a hold that cannot be read', path: 'holds/case-1.json', text: '{' },
    { name: 'a hold under another name', path: 'holds/case-2.json', text: JSON.stringify(HOLD) },
    { name: 'a policy that cannot be read', path: 'retention.yaml', text: 'kind: Other' },
  ])('policy_malformed: $name lets nothing be pruned', async ({ path, text }) => {
    const objects = memoryObjects()
    await objects.replace(path, utf8(text))
    await expect(retentionFiles(objects).policy()).rejects.toMatchObject({ code: 'policy_malformed' })
  })
})

test('classes are those of the file, holds those of the file and those that were placed', async () => {
  const objects = memoryObjects()
  await objects.replace('retention.yaml', utf8(WRITTEN))
  await retentionFiles(objects).place(HOLD)
  const policy = await retentionFiles(objects).policy()
  expect([Object.keys(policy.classes), policy.holds.map(({ id }) => id)]).toEqual([['raw'], ['written', 'case-1']])
})

test('a hold that is released keeps its end, and another release does not lengthen it', async () => {
  const files = retentionFiles(memoryObjects())
  await files.place(HOLD)
  await files.release('case-1', '2026-02-01T00:00:00Z')
  const again = await files.release('case-1', '2026-03-01T00:00:00Z')
  expect(again.until).toBe('2026-02-01T00:00:00Z')
  expect((await files.policy()).holds).toMatchObject([{ until: '2026-02-01T00:00:00Z' }])
})
