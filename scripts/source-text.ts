/** One import or re-export as the source spells it. */
export interface SourceImport {
  readonly specifier: string
  /** One-based. */
  readonly line: number
  /** Erased before the program runs: `import type` and `export type … from`. */
  readonly isTypeOnly: boolean
}

const LEXEME =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/|[\w$]+|\s+|[\s\S]/gy
const TEMPLATE_TEXT = /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*(?:`|\$\{|$)/y
const BEFORE_REGEX = /^(?:[^\w$)\]}'"`]|return|typeof|case|in|of|throw|else|do|await|yield|void|delete|new)$/
const STATIC_IMPORT =
  /^(import|export)(\s+type\b(?!\s*(?:from\b|,)))?((?:(?!\n(?:import|export)\b)[^'"=;(])*?\bfrom)?\s*(['"])/gm
const DYNAMIC_IMPORT = /\b(?:import|require)\s*\(\s*(['"])/g

/**
 * The text with the insides of comments, strings, template texts and regular expressions blanked, so that a search finds
 * code only. Offsets and line breaks stay as they were. A regular expression directly after `)` or `}` is taken for a
 * division: biome formats no such code here.
 */
export function maskSource(text: string): string {
  const open: ('brace' | 'template')[] = []
  let masked = ''
  let before = ''
  while (masked.length < text.length) {
    let lexeme = matchAt(LEXEME, text, masked.length)
    if (lexeme.length > 2 && /^\/[^/*]/.test(lexeme) && before !== '' && !BEFORE_REGEX.test(before)) lexeme = '/'
    const closed = lexeme === '}' ? open.pop() : undefined
    if (lexeme === '{') open.push('brace')
    if (lexeme === '`' || closed === 'template') {
      const inside = matchAt(TEMPLATE_TEXT, text, masked.length + 1)
      const isResumed = inside.endsWith('${')
      if (isResumed) open.push('template')
      masked += lexeme + blank(inside, isResumed ? 2 : 1)
      before = isResumed ? '{' : '`'
      continue
    }
    const isLiteral = lexeme.length > 1 && /^['"/]/.test(lexeme)
    if (/^(?:\s|\/\/|\/\*)/.test(lexeme)) {
      masked += blank(lexeme, 0)
    } else {
      masked += isLiteral ? lexeme.slice(0, 1) + blank(lexeme.slice(1), 1) : lexeme
      before = isLiteral ? "'" : lexeme
    }
  }
  return masked
}

/** Every static, re-exporting and literal dynamic import of a TypeScript source, in order. */
export function importsOf(text: string): readonly SourceImport[] {
  const masked = maskSource(text)
  const found: (SourceImport & { at: number })[] = []
  for (const match of masked.matchAll(STATIC_IMPORT)) {
    if (match[1] === 'export' && match[3] === undefined) continue
    const at = match.index + match[0].length
    found.push({ at, ...place(text, masked, at, match[4] as string), isTypeOnly: match[2] !== undefined })
  }
  for (const match of masked.matchAll(DYNAMIC_IMPORT)) {
    const at = match.index + match[0].length
    found.push({ at, ...place(text, masked, at, match[1] as string), isTypeOnly: false })
  }
  return found.sort((a, b) => a.at - b.at).map(({ specifier, line, isTypeOnly }) => ({ specifier, line, isTypeOnly }))
}

/** The one-based line of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line += 1
  return line
}

function place(text: string, masked: string, at: number, quote: string): Pick<SourceImport, 'specifier' | 'line'> {
  return { specifier: text.slice(at, masked.indexOf(quote, at)), line: lineAt(text, at) }
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? ''
}

function blank(text: string, kept: number): string {
  const end = text.length - kept
  return text.slice(0, end).replaceAll(/[^\n]/g, ' ') + text.slice(end)
}
