import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { maskSecrets, maskText } from './mask-secrets.ts'

/** Whose output is kept, and how it came about. */
export interface RecordingAbout {
  /** The folder below `testdata/estate`. */
  readonly program: string
  /** What the folder holds, in a sentence or two. */
  readonly about: string
  /** The story that records: what stands after `npm run e2e --`. */
  readonly story: string
  /** Versions by program. */
  readonly versions: Readonly<Record<string, string>>
  /** Texts to mask wherever they stand, beside what {@link maskSecrets} finds by itself. */
  readonly secrets?: readonly string[]
}

/** Where a story keeps what real programs said. Does nothing unless the tests run with `ESTATE_RECORD=1`. */
export interface Recording {
  /** Keeps a value as JSON, secrets masked. `what` says in one line what it is. */
  keep(file: string, what: string, value: unknown): void
}

interface KeptFile {
  readonly what: string
  readonly recorded: string
  readonly story: string
  readonly versions: Readonly<Record<string, string>>
}

const FOLDER = fileURLToPath(new URL('../../testdata/estate', import.meta.url))
const LIST = 'recorded.json'
const MAX_FILE_BYTES = 100_000

/** Opens the folder of one program; what other stories keep there stays. */
export function openRecording({ program, about, story, versions, secrets = [] }: RecordingAbout): Recording {
  if (process.env['ESTATE_RECORD'] !== '1') return { keep: () => undefined }
  const folder = join(FOLDER, program)
  return {
    keep(file, what, value) {
      const text = withoutPlaces(maskText(`${JSON.stringify(maskSecrets(value, secrets), null, 1)}\n`, secrets))
      if (text.length > MAX_FILE_BYTES) throw new Error(`${program}/${file} would have ${text.length} characters`)
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, file), text)
      const kept = { what, recorded: new Date().toISOString().slice(0, 10), story, versions }
      const files = { ...readList(folder), [file]: kept }
      const sorted = Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)))
      writeFileSync(join(folder, LIST), `${JSON.stringify({ about, files: sorted }, null, 2)}\n`)
      writeFileSync(join(folder, 'README.md'), readmeOf(program, about, sorted))
    },
  }
}

function readList(folder: string): Readonly<Record<string, KeptFile>> {
  try {
    return JSON.parse(readFileSync(join(folder, LIST), 'utf8')).files
  } catch {
    return {}
  }
}

function readmeOf(program: string, about: string, files: Readonly<Record<string, KeptFile>>): string {
  const rows = Object.entries(files).map(
    ([file, { what, recorded, story }]) => `| \`${file}\` | ${what} | ${recorded}, \`${story}\` |`,
  )
  const versions = Object.values(files).flatMap((kept) => Object.entries(kept.versions))
  const named = [...new Map(versions)].map(([name, version]) => `${name} ${version}`)
  return `# Recordings: ${program}

${about}

Written by the stories that the table names, from what the real programs sent while the stories ran on one machine, without containers.
Programs: ${named.join(', ')}. To make them anew, with new ids, keys and times:

    ESTATE_RECORD=1 npm run e2e -- STORY

Ids and times are as they were. Tokens, passwords and private keys are \`***\`; all keys were thrown away. This page and
\`${LIST}\` are written with the recordings, by \`e2e/stories/recording.ts\`.

| file | what | recorded, by |
|---|---|---|
${rows.join('\n')}
`
}

/** Replaces what names this machine. */
function withoutPlaces(text: string): string {
  const places = [homedir(), fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')]
  return places.filter((place) => place.length > 1).reduce((rest, place) => rest.replaceAll(place, '~'), text)
}
