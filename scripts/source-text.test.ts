import { expect, test } from 'vitest'
import { importsOf, lineAt, maskSource } from './source-text.ts'

test.for([
  { name: 'a line comment', text: "a // 'b'\nc", masked: 'a       \nc' },
  { name: 'a block comment over two lines', text: 'a /* `\n` */ b', masked: 'a     \n     b' },
  { name: 'a string with an escaped quote', text: "f('it\\'s')", masked: "f('     ')" },
  { name: 'a template and the code inside it', text: '`a${ f(`b`) }c`', masked: '` ${ f(` `) } `' },
  { name: 'a brace inside a template expression', text: '`${ { a: 1 } }x` + y', masked: '`${ { a: 1 } } ` + y' },
  { name: 'a regular expression with a quote', text: 'x.replace(/[\'"]/g, y)', masked: 'x.replace(/    /g, y)' },
  { name: 'a regular expression with a slash in a class', text: 'return /[/]`/', masked: 'return /    /' },
])('blanks $name', ({ text, masked }) => {
  expect(maskSource(text)).toBe(masked)
})

test('leaves divisions as code', () => {
  expect(maskSource('a / b / c')).toBe('a / b / c')
  expect(maskSource('(a) / 2 + b / 2')).toBe('(a) / 2 + b / 2')
})

test.for([
  {
    name: 'a named import',
    text: "import { a } from './a.ts'",
    found: { specifier: './a.ts', line: 1, isTypeOnly: false },
  },
  { name: 'a bare import', text: "import './a.ts'", found: { specifier: './a.ts', line: 1, isTypeOnly: false } },
  {
    name: 'a type import',
    text: "import type { A } from './a.ts'",
    found: { specifier: './a.ts', line: 1, isTypeOnly: true },
  },
  {
    name: 'an inline type, which stays at run time',
    text: "import { type A } from './a.ts'",
    found: { specifier: './a.ts', line: 1, isTypeOnly: false },
  },
  {
    name: 'an import over lines',
    text: "\nimport {\n  a,\n  b,\n} from './a.ts'",
    found: { specifier: './a.ts', line: 5, isTypeOnly: false },
  },
  { name: 'a re-export', text: "export * from './a.ts'", found: { specifier: './a.ts', line: 1, isTypeOnly: false } },
  {
    name: 'a type re-export',
    text: "export type { A } from './a.ts'",
    found: { specifier: './a.ts', line: 1, isTypeOnly: true },
  },
  {
    name: 'a dynamic import',
    text: "const a = await import('./a.ts')",
    found: { specifier: './a.ts', line: 1, isTypeOnly: false },
  },
  {
    name: 'a require',
    text: "const a = require('node:fs')",
    found: { specifier: 'node:fs', line: 1, isTypeOnly: false },
  },
  {
    name: 'the import after an interface',
    text: "export interface A {\n  b: 1\n}\nexport { c } from './c.ts'",
    found: { specifier: './c.ts', line: 4, isTypeOnly: false },
  },
])('finds $name', ({ text, found }) => {
  expect(importsOf(text)).toEqual([found])
})

test.for([
  { name: 'a comment', text: "// import './a.ts'\n/* import('./a.ts') */" },
  { name: 'a template text', text: "const a = `\nimport './a.ts'\n`" },
  { name: 'a string constant that is exported', text: "export const from = 'a'" },
])('finds no import in $name', ({ text }) => {
  expect(importsOf(text)).toEqual([])
})

test('counts lines from one', () => {
  expect([0, 1, 2, 3].map((offset) => lineAt('a\n\nb', offset))).toEqual([1, 1, 2, 3])
})
