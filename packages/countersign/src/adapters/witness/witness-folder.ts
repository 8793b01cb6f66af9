import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { parseWitnessPolicy } from '../../judge/witness-policy/parse-witness-policy.ts'
import { type WitnessPolicy, WitnessPolicyError } from '../../judge/witness-policy/witness-policy.ts'
import { WitnessSettings } from '../../judge/witness-policy/witness-settings.ts'
import type { WitnessSizes } from '../../workflows/ports/witness.ts'
import { Problem } from '../../workflows/problem.ts'

/** Whom a log asks for cosignatures, and how. */
export interface WitnessPlan {
  readonly policy: WitnessPolicy
  readonly settings: WitnessSettings
}

/**
 * Reads `policy.txt` and `settings.json` in a folder; null where there is no policy, because then nobody is asked. Rejects with
 * `Problem` `witness_policy_malformed`, also for settings without a policy, or `file_unreadable`.
 */
export async function readWitnessFolder(folder: string): Promise<WitnessPlan | null> {
  const [text, settings] = await Promise.all([
    readUnlessAbsent(join(folder, 'policy.txt')),
    readUnlessAbsent(join(folder, 'settings.json')),
  ])
  if (text !== null)
    return { policy: policyOf(join(folder, 'policy.txt'), text), settings: settingsOf(folder, settings) }
  // Somebody meant to have witnesses: going on without any would be silent.
  if (settings !== null) throw new Problem('witness_policy_malformed', `${folder} has settings.json but no policy.txt`)
  return null
}

/** Reads a policy in a file of its own. Rejects with `Problem` `witness_policy_malformed` or `file_unreadable`. */
export async function readWitnessPolicy(file: string): Promise<WitnessPolicy> {
  const bytes = await readUnlessAbsent(file)
  if (bytes === null) throw new Problem('file_unreadable', `there is no ${file}`)
  return policyOf(file, bytes)
}

/** Keeps the sizes in a JSON file that is replaced as a whole. */
export function witnessSizesFile(file: string): WitnessSizes {
  return {
    load: async () => new Map(Object.entries(Sizes.parse(JSON.parse(await readFile(file, 'utf8'))))),
    async store(sizes) {
      const waiting = `${file}.${randomBytes(8).toString('hex')}`
      try {
        await mkdir(dirname(file), { recursive: true, mode: 0o700 })
        await writeFile(waiting, JSON.stringify(Object.fromEntries(sizes)), { mode: 0o600 })
        await rename(waiting, file)
      } finally {
        await rm(waiting, { force: true })
      }
    },
  }
}

const Sizes = z.record(z.string(), z.int().min(0))

function policyOf(file: string, bytes: Uint8Array): WitnessPolicy {
  try {
    return parseWitnessPolicy(bytes)
  } catch (cause) {
    if (!(cause instanceof WitnessPolicyError)) throw cause
    throw new Problem('witness_policy_malformed', `${file}, ${cause.message} (${cause.code})`, { cause })
  }
}

function settingsOf(folder: string, bytes: Uint8Array | null): WitnessSettings {
  if (bytes === null) return WitnessSettings.parse({})
  const file = join(folder, 'settings.json')
  try {
    const parsed = WitnessSettings.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')))
    if (parsed.success) return parsed.data
    throw new Problem('witness_policy_malformed', `${file}: ${z.prettifyError(parsed.error)}`)
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new Problem('witness_policy_malformed', `${file} is no JSON: ${cause.message}`, { cause })
  }
}

async function readUnlessAbsent(file: string): Promise<Uint8Array | null> {
  try {
    return await readFile(file)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : null
    if (code === 'ENOENT') return null
    throw new Problem('file_unreadable', `${file} cannot be read (${code})`, { cause })
  }
}
