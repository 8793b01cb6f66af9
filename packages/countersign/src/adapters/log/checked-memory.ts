import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { type LogTrust, verifyCheckpoint } from '@countersign/verify'
import { z } from 'zod'
import type { SignedCheckpoint } from '../../workflows/ports/evidence-log.ts'

const Memory = z.strictObject({ note: z.string(), mac: z.string() })

/**
 * The checkpoint up to which everything was found sound, as a file remembers it: null where there is none, `'refused'` where somebody
 * without the key changed it. Rejects as reading the file does.
 */
export async function readChecked(
  file: string,
  key: Uint8Array,
  trust: LogTrust,
): Promise<SignedCheckpoint | null | 'refused'> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null
    throw cause
  }
  try {
    const { note, mac } = Memory.parse(JSON.parse(text))
    const [given, own] = [Buffer.from(mac, 'hex'), macOf(note, key)]
    if (given.length !== own.length || !timingSafeEqual(given, own)) return 'refused'
    return { note, checkpoint: verifyCheckpoint(note, trust) }
  } catch {
    return 'refused'
  }
}

/** Remembers that everything up to a checkpoint was found sound. */
export async function writeChecked(file: string, key: Uint8Array, { note }: SignedCheckpoint): Promise<void> {
  const unfinished = `${file}.${randomBytes(8).toString('hex')}`
  const memory = { note, mac: macOf(note, key).toString('hex') }
  await writeFile(unfinished, `${JSON.stringify(memory)}\n`, { mode: 0o600, flush: true })
  await rename(unfinished, file)
}

function macOf(note: string, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update(`countersign log checked up to\n${note}`).digest()
}
