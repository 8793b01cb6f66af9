import { basename } from 'node:path'
import { text } from 'node:stream/consumers'
import { rolldown } from 'rolldown'

/** What `package-build.ts` asks for, as JSON on standard input. */
interface BundleRequest {
  readonly entries: readonly string[]
  readonly source: string
  readonly target: string
  readonly external: readonly string[]
  readonly alias: Readonly<Record<string, string>>
  /** Files, and folders with a `/` at their end, below `src/` that go into one file, whatever else asks for them. */
  readonly together: readonly string[]
}

const { entries, target, external, alias, together }: BundleRequest = JSON.parse(await text(process.stdin))
const build = await rolldown({
  input: Object.fromEntries(entries.map((entry) => [basename(entry, '.js'), entry])),
  platform: 'node',
  external: [...external, /^node:/],
  resolve: { alias },
})
// Entries keep their names: bin/ starts one, and the threads' file is found by its name beside whoever starts it. CommonJS, because it
// loads at once, and of a built-in module only what is asked for.
await build.write({
  dir: target,
  format: 'cjs',
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name]-[hash].cjs',
  codeSplitting: { groups: [{ name: 'together', test: (id) => together.some((path) => isBelow(id, path)) }] },
})
await build.close()

function isBelow(id: string, path: string): boolean {
  return path.endsWith('/') ? id.includes(`/src/${path}`) : id.endsWith(`/src/${path}`)
}
