import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Problem } from '../../workflows/problem.ts'
import { ObjectFrames } from './object-frames.ts'

const ID = 'a'.repeat(40)
const frame = (body: Uint8Array, type = 'commit', id = ID): Buffer =>
  Buffer.concat([Buffer.from(`${id} ${type} ${body.length}\n`), body, Buffer.from('\n')])

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof Problem) return error.code
    throw error
  }
  return 'none'
}

test.for([
  { name: 'an object that git does not have', output: `${ID} missing\n`, code: 'objects_missing' },
  { name: 'a name of several objects', output: 'abcd ambiguous\n', code: 'objects_missing' },
  { name: 'an empty line', output: '\n', code: 'git_failed' },
  { name: 'an unknown type', output: `${ID} note 1\nx\n`, code: 'git_failed' },
  { name: 'no size', output: `${ID} commit\n`, code: 'git_failed' },
  { name: 'a size that is no number', output: `${ID} commit many\n`, code: 'git_failed' },
  { name: 'a negative size', output: `${ID} commit -1\n`, code: 'git_failed' },
  { name: 'a size past what a number holds', output: `${ID} commit 10000000000000000\n`, code: 'git_failed' },
])('refuses $name', ({ output, code }) => {
  expect(codeOf(() => new ObjectFrames().push(Buffer.from(output)))).toBe(code)
})

test.for([
  { name: 'within a header', output: `${ID} com` },
  { name: 'within a body', output: `${ID} commit 5\nabc` },
  { name: 'before the last LF', output: `${ID} commit 3\nabc` },
])('refuses an end $name', ({ output }) => {
  const frames = new ObjectFrames()
  expect(frames.push(Buffer.from(output))).toEqual([])
  expect(codeOf(() => frames.end())).toBe('git_failed')
})

test('an end between two objects is an end', () => {
  const frames = new ObjectFrames()
  expect(frames.push(frame(Buffer.from('a')))).toHaveLength(1)
  expect(frames.push(Buffer.alloc(0))).toEqual([])
  frames.end()
})

const object = fc.record({
  type: fc.constantFrom('commit', 'tag', 'tree', 'blob'),
  body: fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.constant(Buffer.from('\n\nabc commit 3\n'))),
})

test('objects come out the same however the output is cut into chunks', () => {
  fc.assert(
    fc.property(fc.array(object, { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 50 })), (objects, cuts) => {
      const output = Buffer.concat(objects.map(({ type, body }) => frame(body, type)))
      const frames = new ObjectFrames()
      const found: { type: string; body: string }[] = []
      const take = (chunk: Buffer): void => {
        for (const { id, type, body } of frames.push(chunk)) {
          expect(id).toBe(ID)
          found.push({ type, body: Buffer.from(body).toString('hex') })
        }
      }
      let at = 0
      for (const cut of cuts) {
        take(output.subarray(at, at + cut))
        at += cut
      }
      take(output.subarray(at))
      frames.end()
      expect(found).toEqual(objects.map(({ type, body }) => ({ type, body: Buffer.from(body).toString('hex') })))
    }),
  )
})

test('every single cut of an output gives the same objects', () => {
  const output = Buffer.concat([frame(Buffer.from('one')), frame(Buffer.alloc(0)), frame(Buffer.from('\n'))])
  for (let at = 0; at <= output.length; at += 1) {
    const frames = new ObjectFrames()
    const take = (chunk: Buffer) => frames.push(chunk).map(({ body }) => Buffer.from(body).toString())
    const found = [...take(output.subarray(0, at)), ...take(output.subarray(at))]
    frames.end()
    expect(found).toEqual(['one', '', '\n'])
  }
})

test('an object of 64 MB in chunks of 64 kB is put together once, not once a chunk', () => {
  const output = frame(Buffer.alloc(64_000_000, 'x'), 'blob')
  const frames = new ObjectFrames()
  const startedAt = performance.now()
  let found = 0
  for (let at = 0; at < output.length; at += 65_536) found += frames.push(output.subarray(at, at + 65_536)).length
  frames.end()
  expect(found).toBe(1)
  expect(performance.now() - startedAt).toBeLessThan(1_500)
})
