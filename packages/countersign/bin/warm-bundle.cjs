// Loads a published bundle with the code that V8 made of it in earlier runs. Node's own cache keeps what is compiled while a file
// loads; most of a bundle is compiled when it is first called, and that takes a third as long as Node takes to start.
const { hash } = require('node:crypto')
const { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const { dirname, join } = require('node:path')
const { constants, Script } = require('node:vm')

/** Another command calls other functions: what is kept is made anew once a day, and holds those of both. */
const DAY_MS = 86_400_000
/** Later V8 begins to drop the code of what is no longer called. */
const SOON_MS = 1_000

/**
 * Returns what a CommonJS bundle exports; its own parts are loaded in the same way, and everything else as ever.
 *
 * `folder` must be one that only this user can write: code is taken from it as it is. What cannot be read or written there
 * changes nothing but the time that it takes.
 */
exports.loadBundle = (file, folder) => {
  const loaded = new Map()
  const cold = []
  const load = (path) => {
    const known = loaded.get(path)
    if (known !== undefined) return known.exports
    const module = { exports: {} }
    loaded.set(path, module)
    const source = readFileSync(path, 'utf8')
    const kept = join(folder, `${hash('sha256', source)}.v8`)
    const { code: cachedData, isOld } = readKept(kept)
    const text = `(function (exports, require, module, __filename, __dirname) {${source}\n})`
    const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER
    const script = new Script(text, { filename: path, cachedData, importModuleDynamically })
    if (isOld || script.cachedDataRejected) cold.push([kept, script])
    const outside = createRequire(path)
    const here = dirname(path)
    const inside = (name) => (name.startsWith('./') ? load(join(here, name)) : outside(name))
    script.runInThisContext()(module.exports, inside, module, path, here)
    return module.exports
  }
  const keep = () => {
    for (const [kept, script] of cold.splice(0)) write(kept, script.createCachedData())
  }
  process.once('exit', keep)
  setTimeout(keep, SOON_MS).unref()
  return load(file)
}

function readKept(path) {
  try {
    return { code: readFileSync(path), isOld: Date.now() - statSync(path).mtimeMs > DAY_MS }
  } catch {
    return { code: undefined, isOld: true }
  }
}

function write(path, code) {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    // Whole or not at all, also where two commands end at once.
    writeFileSync(`${path}.${process.pid}`, code, { mode: 0o600 })
    renameSync(`${path}.${process.pid}`, path)
  } catch {
    // The next run compiles again.
  }
}
