import { LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { Problem } from '../../workflows/problem.ts'

const MAX_BYTES = 1_000_000
const MAX_ALIASES = 100

/**
 * Reads a YAML file by a schema.
 *
 * Throws `Problem` `policy_malformed` with one line for each fault: `file:line:column: key: what is wrong`. Faults of YAML itself are named
 * the same way. Nothing is returned unless everything is in order.
 */
export function readYaml<T>(file: string, bytes: Uint8Array, schema: z.ZodType<T>): T {
  if (bytes.length > MAX_BYTES) throw new Problem('policy_malformed', `${file}: larger than ${MAX_BYTES} bytes`)
  const lines = new LineCounter()
  const document = parseDocument(textOf(file, bytes), {
    lineCounter: lines,
    uniqueKeys: true,
    version: '1.2',
    schema: 'core',
  })
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${file}:${line}:${col}`
  }
  if (document.errors.length > 0) {
    const faults = document.errors.map((error) => `${place(error.pos[0])}: ${error.message.split('\n', 1)[0]}`)
    throw new Problem('policy_malformed', faults.join('\n'))
  }
  const parsed = schema.safeParse(toValue(file, () => document.toJS({ maxAliasCount: MAX_ALIASES })))
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => {
    const path = issue.path.map(String)
    return `${place(offsetOf(document, path))}: ${path.join('.') || '(the whole file)'}: ${issue.message}`
  })
  throw new Problem('policy_malformed', faults.join('\n'))
}

function textOf(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new Problem('policy_malformed', `${file}: not UTF-8 text`, { cause })
  }
}

function toValue(file: string, read: () => unknown): unknown {
  try {
    return read()
  } catch (cause) {
    throw new Problem('policy_malformed', `${file}: ${cause instanceof Error ? cause.message : 'cannot be read'}`, {
      cause,
    })
  }
}

/** Where a key stands; for a key that is absent, where the nearest one above it stands. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly string[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true)
    if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range))
      return Number(node.range[0])
  }
  return document.contents?.range?.[0] ?? 0
}
