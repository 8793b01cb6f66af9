import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GitObjectError } from './git-object-error.ts'
import { headerText, headerValue, messageStart, readHeaders, unfold } from './header-lines.ts'

const read = (text: string): { keys: readonly string[]; values: readonly string[]; message: string } => {
  const body = Buffer.from(text)
  const lines = headerText(body)
  const headers = readHeaders(lines)
  return {
    keys: headers.map(({ key }) => key),
    values: headers.map((header) => Buffer.from(headerValue(lines, header), 'latin1').toString()),
    message: body.toString('utf8', messageStart(body, lines)),
  }
}

test.for([
  { name: 'no space', text: 'key\n', code: 'bad_header' },
  { name: 'no key', text: ' value\n', code: 'bad_header' },
  { name: 'no space in its own line', text: 'key\nother value\n', code: 'bad_header' },
  { name: 'a NUL in its key', text: 'k\0 v\n', code: 'bad_header' },
  { name: 'a NUL in a continuation', text: 'k v\n \0\n', code: 'bad_header' },
  { name: 'no LF at its end', text: 'k v', code: 'bad_header' },
  { name: 'ten thousand before it', text: 'k v\n'.repeat(10_001), code: 'too_large' },
])('refuses a header with $name', ({ text, code }) => {
  expect(() => read(text)).toThrow(expect.objectContaining({ code }) as GitObjectError)
})

test.for([
  { name: 'nothing', text: '', keys: [], values: [], message: '' },
  { name: 'a blank line', text: '\n', keys: [], values: [], message: '' },
  { name: 'a header', text: 'k v\n', keys: ['k'], values: ['v'], message: '' },
  { name: 'an empty value', text: 'k \n', keys: ['k'], values: [''], message: '' },
  { name: 'a value with spaces', text: 'k  v w \n', keys: ['k'], values: [' v w '], message: '' },
  {
    name: 'a continued value',
    text: 'k a\n b\n \n c\nl d\n\nm',
    keys: ['k', 'l'],
    values: ['a\nb\n\nc', 'd'],
    message: 'm',
  },
  { name: 'a message like a header', text: 'k v\n\nk v\n', keys: ['k'], values: ['v'], message: 'k v\n' },
])('reads $name', ({ text, keys, values, message }) => {
  expect(read(text)).toEqual({ keys, values, message })
})

test('unfolding keeps every LF, so that an embedded tag comes out byte for byte', () => {
  expect(unfold('a\n b\n \n')).toBe('a\nb\n\n')
})

test('folding a value and reading it gives it back', () => {
  const line = fc.string({ unit: fc.constantFrom('a', ' ', ':', 'é') })
  fc.assert(
    fc.property(fc.array(line, { minLength: 1 }), (lines) => {
      const value = lines.join('\n')
      expect(read(`k ${value.replaceAll('\n', '\n ')}\n\n`).values).toEqual([value])
    }),
  )
})

test('either reads headers or throws its own error, and no header overlaps another', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('k', ' ', '\n', '\0', 'é')), (letters) => {
      try {
        const body = Buffer.from(letters.join(''))
        const text = headerText(body)
        const headers = readHeaders(text)
        const ends = headers.map(({ end }) => end)
        expect(headers.map(({ start }) => start)).toEqual([0, ...ends].slice(0, headers.length))
        expect(messageStart(body, text)).toBeLessThanOrEqual(body.length)
      } catch (error) {
        expect(error).toBeInstanceOf(GitObjectError)
      }
    }),
  )
})
