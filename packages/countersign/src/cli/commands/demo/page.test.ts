import { describe, expect, test } from 'vitest'
import { openTerminal } from '../../terminal.ts'
import { openPage, type Page } from './page.ts'

async function printed(print: (page: Page) => Promise<void>): Promise<string> {
  let out = ''
  const terminal = {
    ...openTerminal({ plain: true, ascii: true }),
    data: async (text: string) => {
      out += text
    },
  }
  await print(openPage(terminal))
  return out
}

const WORDS = Array.from({ length: 40 }, () => 'word').join(' ')

describe('a page is 100 columns wide', () => {
  test('prose is broken at spaces, and an empty line before it stays', async () => {
    const out = await printed((page) => page.prose(`\n${WORDS}`))
    expect(out.split('\n').map((line) => line.length)).toEqual([0, 99, 99, 0])
  })

  test('a verdict row is broken under its last column', async () => {
    const out = await printed((page) => page.block(`  x fail           ${WORDS}`))
    const [first, second] = out.split('\n')
    expect(first?.startsWith('  x fail           word')).toBe(true)
    expect(second?.startsWith(`${' '.repeat(19)}word`)).toBe(true)
    expect(out.split('\n').every((line) => line.length <= 100)).toBe(true)
  })

  test('a detail is broken under what it says', async () => {
    const out = await printed((page) => page.block(`    seen:   ${WORDS}`))
    expect(out.split('\n')[1]?.startsWith(`${' '.repeat(12)}word`)).toBe(true)
  })

  test('a line that fits stays as it is, whatever its spaces', async () => {
    expect(await printed((page) => page.block('  a     b'))).toBe('  a     b\n')
  })

  test('a command is continued as a shell reads it, each option beside its value', async () => {
    const out = await printed((page) =>
      page.command(`countersign ${'x'.repeat(60)} --first ${'y'.repeat(30)} --last z`),
    )
    expect(out).toBe(`$ countersign ${'x'.repeat(60)} \\\n    --first ${'y'.repeat(30)} --last z\n`)
  })

  test('a word that is wider than the page stands alone', async () => {
    expect(await printed((page) => page.prose(`a ${'b'.repeat(120)} c`))).toBe(`a\n${'b'.repeat(120)}\nc\n`)
  })
})
