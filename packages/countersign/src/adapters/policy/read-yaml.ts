import { isScalar, LineCounter, parseDocument, visit } from 'yaml'
import type { z } from 'zod'
import { Problem } from '../../workflows/problem.ts'

const MAX_BYTES = 1_000_000
const MAX_ALIASES = 100
const MAX_FAULTS = 20

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
    // The library compares each key with each and quotes the text for each fault, which is quadratic: both are done here.
    uniqueKeys: false,
    prettyErrors: false,
    version: '1.2',
    schema: 'core',
  })
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${file}:${line}:${col}`
  }
  const faults = [...document.errors, ...document.warnings, ...keyFaults(document)]
  if (faults.length > 0) refuse(faults.map((fault) => `${place(fault.pos[0])}: ${fault.message.split('\n', 1)[0]}`))
  const parsed = schema.safeParse(toValue(file, () => document.toJS({ maxAliasCount: MAX_ALIASES })))
  if (parsed.success) return parsed.data
  return refuse(
    parsed.error.issues.map((issue) => {
      const path = issue.path.map(String)
      return `${place(offsetOf(document, path))}: ${path.join('.') || '(the whole file)'}: ${issue.message}`
    }),
  )
}

function refuse(faults: readonly string[]): never {
  const more = faults.length > MAX_FAULTS ? [`and ${faults.length - MAX_FAULTS} more`] : []
  throw new Problem('policy_malformed', [...faults.slice(0, MAX_FAULTS), ...more].join('\n'))
}

interface Fault {
  readonly pos: readonly [number, number]
  readonly message: string
}

/** Keys that stand twice in one map or that are not plain text, and aliases of nothing. */
function keyFaults(document: ReturnType<typeof parseDocument>): readonly Fault[] {
  const faults: Fault[] = []
  const anchors = new Set<string>()
  const note = ({ anchor }: { readonly anchor?: string | undefined }): void => {
    if (anchor !== undefined) anchors.add(anchor)
  }
  visit(document, {
    Scalar: (_, scalar) => note(scalar),
    Seq: (_, seq) => note(seq),
    Alias(_, { source, range }) {
      if (!anchors.has(source)) faults.push({ pos: [range?.[0] ?? 0, 0], message: `Unresolved alias: ${source}` })
    },
    Map(_, map) {
      note(map)
      const seen = new Set<string>()
      for (const { key } of map.items) {
        const [at, end] = isScalar(key) ? (key.range ?? [0, 0]) : [0, 0]
        const text = isScalar(key) && typeof key.value === 'string' ? key.value : null
        if (text === null) faults.push({ pos: [at, end], message: 'a key must be plain text' })
        else if (seen.has(text)) faults.push({ pos: [at, end], message: `${text}: this key stands twice` })
        seen.add(text ?? '')
      }
    },
  })
  return faults
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
