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
}

const { entries, target, external, alias }: BundleRequest = JSON.parse(await text(process.stdin))
const build = await rolldown({
  input: Object.fromEntries(entries.map((entry) => [basename(entry, '.js'), entry])),
  platform: 'node',
  external: [...external, /^node:/],
  resolve: { alias },
})
// Entries keep their names: bin/ starts one, and the threads' file is found by its name beside whoever starts it. CommonJS, because it
// loads at once, and of a built-in module only what is asked for.
await build.write({ dir: target, format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: '[name]-[hash].cjs' })
await build.close()
