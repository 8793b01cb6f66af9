import type { Json } from '../bytes/canonical-json.ts'
import { DsseError } from './dsse-error.ts'

/** Longer text is refused before it is looked at. */
export const MAX_JSON_LENGTH = 16_777_216

/**
 * Reads JSON that can mean only one thing: no key twice in one object, no more than 64 levels of nesting, no lone
 * surrogates. Two readers that disagree about a repeated key would otherwise see two different signed documents.
 * Throws {@link DsseError} `too_large`, `malformed_json` or `duplicate_key`.
 */
export function parseStrictJson(text: string): Json {
  if (text.length > MAX_JSON_LENGTH) throw new DsseError('too_large', `JSON of ${text.length} characters`)
  requireOneMeaning(text)
  return parse(text)
}

/** Whether a value is a JSON object. */
export function isJsonObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const MAX_DEPTH = 64

function requireOneMeaning(text: string): void {
  if (!text.isWellFormed()) throw new DsseError('malformed_json', 'a lone surrogate')
  const keysOfOpen: Set<string>[] = []
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '{' || character === '[') {
      if (keysOfOpen.push(new Set()) > MAX_DEPTH) throw new DsseError('malformed_json', 'nested too deep')
    } else if (character === '}' || character === ']') {
      keysOfOpen.pop()
    } else if (character === '"') {
      const end = endOfString(text, at)
      if (isFollowedByColon(text, end)) claimKey(keysOfOpen.at(-1), text.slice(at, end))
      at = end - 1
    }
  }
}

function claimKey(keys: Set<string> | undefined, literal: string): void {
  // Compared after unescaping: "a" and "\u0061" are one key.
  const key = literal.includes('\\') ? String(parse(literal)) : literal.slice(1, -1)
  if (!key.isWellFormed()) throw new DsseError('malformed_json', 'a lone surrogate')
  if (keys?.has(key)) throw new DsseError('duplicate_key', 'a key that stands twice in one object')
  keys?.add(key)
}

/** The offset after the closing quote, or the end of the text when there is none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at + 1
  }
  return text.length
}

function isFollowedByColon(text: string, start: number): boolean {
  let at = start
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++
  return text[at] === ':'
}

function parse(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    // The engine's message quotes the text, which may be hostile or secret.
    throw new DsseError('malformed_json', 'not JSON')
  }
}
