/**
 * `npm run build`: makes the folders that are published, the `dist` of each package. Refuses a work tree that differs from its
 * commit, because a version must name one; `--allow-dirty` builds it all the same, to look at.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  BuildError,
  buildPackage,
  requireCleanTree,
  requireOneVersion,
  type WorkspaceManifest,
} from './package-build.ts'
import { PROJECT_ROOT } from './project-files.ts'

// In the order in which they need each other.
const FOLDERS = ['packages/verify', 'packages/countersign'].map((folder) => join(PROJECT_ROOT, folder))

function main(): void {
  const manifests: readonly WorkspaceManifest[] = [PROJECT_ROOT, ...FOLDERS].map((folder) =>
    JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')),
  )
  requireOneVersion(manifests)
  if (!process.argv.includes('--allow-dirty')) requireCleanTree(PROJECT_ROOT)
  const built: Record<string, string> = {}
  for (const [index, folder] of FOLDERS.entries()) {
    const target = join(folder, 'dist')
    buildPackage(PROJECT_ROOT, folder, target, built)
    const { name, version } = manifests[index + 1] as WorkspaceManifest
    built[name] = target
    console.log(`${name} ${version}  ${target}`)
  }
}

try {
  main()
} catch (error) {
  if (!(error instanceof BuildError)) throw error
  console.error(`error[build_${error.code}]: ${error.message}`)
  process.exitCode = 2
}
