import { readFileSync } from 'node:fs'
import type { Recording } from './vector.ts'

/** The recorded vectors. */
export function readRecording(): Recording {
  return JSON.parse(readFileSync(new URL('vectors.json', import.meta.url), 'utf8'))
}
