#!/usr/bin/env node
// Starts Countersign: from TypeScript sources in a checkout, from JavaScript when published.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const isOlderThan = (wanted) => major < 22 || (major === 22 && minor < wanted)
// Asked for, not imported: an import loads everything that a built-in module could ever export.
const fs = isOlderThan(12) ? null : process.getBuiltinModule('node:fs')
const sources = new URL('../src/cli/main.ts', import.meta.url)
const isCheckout = fs === null || fs.existsSync(sources)
const needed = isCheckout ? 18 : 12
if (fs === null || isOlderThan(needed)) {
  process.stderr.write(
    `error[node_too_old]: Node ${process.versions.node} runs this; 22.${needed} or newer is needed\n`,
  )
  process.stderr.write('  remedy: in a checkout, npm run and npx bring their own Node; elsewhere install a newer one\n')
  process.exit(2)
}

const { createRequire, enableCompileCache } = process.getBuiltinModule('node:module')
// Without a folder of its own Node would keep compiled code in the temporary folder, where anybody could put other code for us to run.
const folder = cacheFolder()
if (folder !== null) enableCompileCache(folder)
const { main } = isCheckout ? await import(sources.href) : bundle(createRequire(import.meta.url))
await main(process.argv.slice(2))

/** The published bundle. Not imported: an import reads it twice, to find out first what it exports. */
function bundle(require) {
  const file = process.getBuiltinModule('node:path').join(import.meta.dirname, '..', 'src', 'main.cjs')
  return folder === null ? require(file) : require('./warm-bundle.cjs').loadBundle(file, folder)
}

/** This user's own folder for compiled code; null where it cannot be made or somebody else could write in it. */
function cacheFolder() {
  const { isAbsolute, join } = process.getBuiltinModule('node:path')
  const { XDG_CACHE_HOME: cache = '', HOME: home = '' } = process.env
  if (process.getuid === undefined || !(isAbsolute(cache) || isAbsolute(home))) return null
  const own = isAbsolute(cache) ? join(cache, 'countersign') : join(home, '.cache', 'countersign')
  try {
    for (const made of [join(own, '..'), own, join(own, 'compiled')]) {
      if (!fs.existsSync(made)) fs.mkdirSync(made, { mode: 0o700 })
    }
    const folder = fs.realpathSync(join(own, 'compiled'))
    return isOursAlone(folder) ? folder : null
  } catch {
    return null
  }
}

/**
 * Whether nobody but this user and root can change what lies at a path, as ssh asks of the way to a key. In a sticky folder on the way
 * others can only add what we do not look for.
 */
function isOursAlone(path, isOnTheWay = false) {
  const { uid, mode } = fs.lstatSync(path)
  const othersWrite = (mode & 0o022) !== 0 && !(isOnTheWay && (mode & 0o1000) !== 0)
  if (othersWrite || (uid !== process.getuid() && uid !== 0)) return false
  const above = process.getBuiltinModule('node:path').dirname(path)
  return above === path || isOursAlone(above, true)
}
