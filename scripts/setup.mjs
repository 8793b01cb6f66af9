/**
 * Makes a fresh clone ready: installs the locked packages when they are missing or differ from package-lock.json, and
 * does nothing (in a few milliseconds) when they match. Runs before `npm start`, `npm test` and the other scripts, under
 * the machine's own Node, which may be older than the one that the packages bring along.
 *
 * Plain JavaScript on purpose: an old Node cannot read the rest of the house. It talks on stderr only, and ends with
 * exit code 2 and a coded message when something is missing that it cannot install.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The first Node that runs TypeScript sources without a flag. */
export const OLDEST_NODE = [22, 18]

/** Something is missing that setup cannot install. */
export class SetupError extends Error {
  name = 'SetupError'

  /**
   * @param {'git_missing' | 'npm_missing' | 'lock_unreadable' | 'install_failed' | 'install_incomplete' | 'node_too_old' | 'node_unusable'} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message)
    this.code = code
  }
}

/**
 * The reason why the installed packages do not match the lock file, or null when they do.
 *
 * npm writes its own record (`node_modules/.package-lock.json`) as the last act of an install, so an interrupted one
 * never looks complete. Optional packages, which are those of single platforms, may be absent or be there without a lock.
 *
 * @param {string} root the folder that holds package-lock.json
 * @param {string} platformNode the package that carries Node for this platform
 * @returns {string | null}
 */
export function installGap(root, platformNode) {
  const record = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(record)) return 'no packages are installed'
  const wanted = readPackages(join(root, 'package-lock.json'))
  const installed = readPackages(record)
  for (const [path, { version, integrity, link, optional }] of Object.entries(installed)) {
    const locked = wanted[path]
    if (!path.startsWith('node_modules/') || (optional && !locked)) continue
    if (!locked) return `${path} is installed but not locked`
    if (!link && (locked.version !== version || locked.integrity !== integrity)) return `${path} differs from its lock`
  }
  for (const [path, { optional, peer }] of Object.entries(wanted)) {
    const needed = path.startsWith('node_modules/') && !(optional && path !== `node_modules/${platformNode}`) && !peer
    if (needed && !installed[path]) return `${path} is not installed`
  }
  return null
}

/** @param {string} version such as v22.18.0 */
export function isNewEnough(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number)
  return major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])
}

/** @param {string} root the folder that holds package-lock.json */
function setUp(root) {
  requireProgram(
    'git',
    ['--version'],
    'git_missing',
    'Countersign reads repositories with git. Install git, then run this again.',
  )
  const platformNode = `node-${process.platform}-${process.arch}`
  const gap = installGap(root, platformNode)
  if (gap === null) return
  if (readPackages(join(root, 'package-lock.json'))[`node_modules/${platformNode}`] === undefined) requireOwnNode()
  console.error(`countersign: installing the locked npm packages (${gap}). Needs the network; 10 to 90 seconds, once.`)
  installPackages(root)
  const left = installGap(root, platformNode)
  if (left !== null) {
    throw new SetupError('install_incomplete', `npm finished, but ${left}. Delete node_modules and run this again.`)
  }
  checkPlatformNode(root)
}

/** @param {string} root */
function installPackages(root) {
  // Not `npm ci`: it refuses a lock without every optional package of every platform, and a registry need not have them
  // all. This keeps to the lock too, does not write it, and installGap compares the outcome with it.
  const flags = [
    'install',
    '--no-save',
    '--ignore-scripts',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
  ]
  const npm = npmCommand()
  // npm's own chatter joins ours on stderr: stdout belongs to the command that follows.
  const { status, error } = spawnSync(npm.program, [...npm.args, ...flags, '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (error) {
    throw new SetupError(
      'npm_missing',
      `npm could not be started (${error.message}). Install npm 10 or newer, then run this again.`,
    )
  }
  if (status !== 0) {
    throw new SetupError(
      'install_failed',
      `npm install ended with code ${status}; its message is above. Fix that and run this again.`,
    )
  }
}

/** The npm that runs this script, or the one on the path. */
function npmCommand() {
  const running = process.env['npm_execpath']
  if (running?.endsWith('.js') && existsSync(running)) return { program: process.execPath, args: [running] }
  return { program: process.platform === 'win32' ? 'npm.cmd' : 'npm', args: [] }
}

/** @param {string} root */
function checkPlatformNode(root) {
  const own = join(root, 'node_modules', '.bin', 'node')
  if (!existsSync(own)) return
  const { status, stdout } = spawnSync(own, ['--version'], { encoding: 'utf8' })
  if (status !== 0 || !isNewEnough(stdout.trim())) {
    throw new SetupError(
      'node_unusable',
      `the Node.js that npm brought (${own}) does not run here. Delete that file and put Node.js ${OLDEST_NODE.join('.')} or newer on the path.`,
    )
  }
}

function requireOwnNode() {
  if (isNewEnough(process.version)) return
  throw new SetupError(
    'node_too_old',
    `no Node.js package exists for ${process.platform} ${process.arch}, and this machine has ${process.version}. Install Node.js ${OLDEST_NODE.join('.')} or newer.`,
  )
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {SetupError['code']} code
 * @param {string} remedy
 */
function requireProgram(program, args, code, remedy) {
  const { status } = spawnSync(program, args, { stdio: 'ignore' })
  if (status !== 0) throw new SetupError(code, `${program} was not found. ${remedy}`)
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, integrity?: string, link?: boolean, optional?: boolean, peer?: boolean }>}
 */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch (cause) {
    throw new SetupError('lock_unreadable', `${file} cannot be read (${cause.message}). Restore it from git.`)
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    setUp(fileURLToPath(new URL('..', import.meta.url)))
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.error(`error[setup_${error.code}]: ${error.message}`)
    process.exitCode = 2
  }
}
