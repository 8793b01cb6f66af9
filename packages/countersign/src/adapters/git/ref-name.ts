const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A ref's name as text. Git gives names no encoding: a byte that is not part of valid UTF-8 becomes `\xHH`, which no other
 * name can hold, because Git forbids the backslash in one. So no two refs share a name.
 */
export function refNameOf(bytes: Uint8Array): string {
  const whole = decoded(bytes)
  if (whole !== null) return whole
  let name = ''
  let at = 0
  while (at < bytes.length) {
    const length = sequenceLength(bytes[at] ?? 0)
    const text = decoded(bytes.subarray(at, at + length))
    name += text ?? `\\x${(bytes[at] ?? 0).toString(16).padStart(2, '0')}`
    at += text === null ? 1 : length
  }
  return name
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return UTF8.decode(bytes)
  } catch {
    return null
  }
}

function sequenceLength(lead: number): number {
  if (lead >= 0xf0) return 4
  if (lead >= 0xe0) return 3
  return lead >= 0xc0 ? 2 : 1
}
