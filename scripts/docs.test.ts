import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { devNull } from 'node:os'
import { delimiter, join, posix } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXIT_CODES } from '../packages/countersign/src/cli/exit-code.ts'
import { SignedRepository } from '../packages/countersign/src/cli/signed-repository.fixtures.ts'
import { PROJECT_ROOT, projectFiles, readTexts } from './project-files.ts'

/** A line of a page's `sh` block, and the exit code that the page says it ends with. */
interface Command {
  readonly line: string
  readonly exit: number
}

const texts = readTexts(projectFiles().filter((path) => path.endsWith('.md')))
const guides = [...texts.keys()].filter((path) => path.startsWith('docs/guides/'))
const BINS: Readonly<Record<string, string>> = {
  countersign: 'packages/countersign/bin/countersign.js',
  'countersign-verify': 'packages/verify/bin/countersign-verify.js',
}
const { scripts } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8'))

describe('every command of README and guides ends as its page says', () => {
  const repositories: SignedRepository[] = []
  let handedOver: SignedRepository
  beforeAll(() => {
    handedOver = newRepository()
    introducePolicy(handedOver)
    const commands = [
      'check --repo DIR',
      'packet export packet.zip',
      'log key > log.vkey',
      'log key --evidence > key.pem',
    ]
    for (const command of commands) expectExit({ line: `npx countersign ${command}`, exit: 0 }, handedOver, handedOver)
  })
  afterAll(() => {
    for (const repository of repositories) repository.remove()
  })

  function newRepository(): SignedRepository {
    const repository = signedRepository()
    repositories.push(repository)
    return repository
  }

  test.for(['README.md', ...guides])('%s', { timeout: 60_000 }, (page) => {
    const repository = newRepository()
    const commands = commandsOf(texts.get(page) ?? '')
    // The other pages are for those who have a policy already.
    if (!commands.some(({ line }) => line.startsWith('npx countersign init'))) introducePolicy(repository)
    expect(commands.length).toBeGreaterThan(0)
    for (const command of commands) expectExit(command, repository, handedOver)
  })
})

describe('what cannot be run is refused', () => {
  test.for([
    { name: 'a block of another language', page: '```bash\ngit status\n```', message: 'bash' },
    { name: 'an indented block', page: '1. a\n   ```js\n   a()\n   ```', message: 'js' },
    { name: 'a block in tildes', page: '~~~js\na()\n~~~', message: 'js' },
    { name: 'a block without a language', page: '```\ngit status\n```', message: 'none' },
    { name: 'a block that does not end', page: '```sh\ngit status', message: 'does not end' },
    { name: 'another program', page: '```sh\nrm -rf DIR\n```', message: 'rm -rf DIR' },
    { name: 'another program of npm’s', page: '```sh\nnpx cowsay\n```', message: 'npx cowsay' },
    { name: 'an npm script that there is not', page: '```sh\nnpm run dance\n```', message: 'npm run dance' },
    { name: 'an installation', page: '```sh\nnpm install\n```', message: 'npm install' },
    {
      name: 'a second command behind the first',
      page: '```sh\ngit status; reboot\n```',
      message: 'git status; reboot',
    },
    { name: 'a failure that is hidden', page: '```sh\ngit status || true\n```', message: 'git status || true' },
    { name: 'a command on two lines', page: '```sh\ngit \\\nstatus\n```', message: 'git \\' },
    { name: 'a name that stands for nothing', page: '```sh\ngit -C PLACE status\n```', message: 'PLACE' },
  ])('$name', ({ page, message }) => {
    const nothing = { folder: '', home: '' }
    const substituted = (): unknown => commandsOf(page).map(({ line }) => substitute(line, nothing, nothing))
    expect(substituted).toThrow(message)
  })

  test('a page that says another exit code is told apart', () => {
    const page = '```sh\n# a remark\n\nnpx countersign a   # why: exit 3\nnpm start\n```'
    expect(commandsOf(page)).toEqual([
      { line: 'npx countersign a', exit: 3 },
      { line: 'npm start', exit: 0 },
    ])
  })
})

describe('pages', () => {
  test('every relative link leads to a file, and its anchor to a heading', () => {
    expect([...texts].flatMap(([path, text]) => deadLinks(path, text, projectFiles()))).toEqual([])
  })

  test('a link that leads nowhere is found', () => {
    const page = '[a](b.md) [c](../README.md) [d](#d) [e](https://example.com) [f](../docs/)\n# D\n\n[g]: h.png'
    expect(deadLinks('docs/a.md', page, ['README.md', 'docs/a.md'])).toEqual(['docs/a.md: b.md', 'docs/a.md: h.png'])
    expect(deadLinks('docs/a.md', '[d](#e)\n# D', ['docs/a.md'])).toEqual(['docs/a.md: #e'])
  })

  test('README fits one screen and leads to every guide', () => {
    const readme = texts.get('README.md') ?? ''
    expect(readme.split('\n').length - 1).toBeLessThanOrEqual(60)
    for (const guide of guides) expect(readme).toContain(`](${guide})`)
  })

  test.for(guides)('%s has fewer than 80 lines', (guide) => {
    expect(texts.get(guide)?.split('\n').length).toBeLessThanOrEqual(80)
  })

  test('the exit codes of the guide to CI are those of the command line', () => {
    const rows = [...(texts.get('docs/guides/ci.md') ?? '').matchAll(/^\| (\d+) \| ([^|]+) \|/gm)]
    expect(rows.map(([, code, meaning]) => [Number(code), meaning])).toEqual(EXIT_CODES.filter(([code]) => code < 130))
  })
})

/** The commands of a page, in order. Throws for anything that {@link expectExit} would not run as a reader does. */
function commandsOf(page: string): readonly Command[] {
  const [, ...blocks] = page.split(/^[ \t]*(?:```|~~~)/m)
  if (blocks.length % 2 !== 0) throw new Error('a block does not end')
  return blocks
    .filter((_, index) => index % 2 === 0)
    .flatMap((block) => {
      const [language = '', ...lines] = block.trimEnd().split('\n')
      if (language !== 'sh') throw new Error(`a block of language ${language || 'none'} cannot be run`)
      return lines.filter((line) => !/^\s*(?:#|$)/.test(line)).map((line) => commandOf(line.trim()))
    })
}

function commandOf(text: string): Command {
  const [, line = '', comment = ''] = /^(.*?)(?:\s+#\s(.*))?$/.exec(text) ?? []
  const [program = '', first = '', second = ''] = line.split(' ')
  const isKnown =
    program === 'git' ||
    (program === 'npx' && Object.hasOwn(BINS, first)) ||
    (program === 'npm' && Object.hasOwn(scripts, first === 'run' ? second : first))
  if (!isKnown || /[|;&`\\]|\$\(/.test(line)) throw new Error(`cannot be run: ${line}`)
  return { line, exit: Number(/\bexit (\d+)$/.exec(comment)?.[1] ?? 0) }
}

/** The places that a page's names stand for: a repository of the page's own, and what an auditor was handed. */
type Places = Pick<SignedRepository, 'folder' | 'home'>

/** The names that stand for a reader's own files, and what is put in their place here. */
function standIns(own: Places, handedOver: Places): Readonly<Record<string, string>> {
  return {
    DIR: own.folder,
    BASE: 'start',
    BRANCH: 'work',
    PACKET: join(handedOver.home, 'packet.zip'),
    '--allowed-signers FILE': `--allowed-signers ${join(own.home, 'allowed_signers')}`,
    '--keyring FILE': `--keyring ${join(own.home, 'keyring.asc')}`,
    '--log-key FILE': `--log-key ${join(handedOver.home, 'log.vkey')}`,
    '--evidence-key FILE': `--evidence-key ${join(handedOver.home, 'key.pem')}`,
  }
}

function substitute(line: string, own: Places, handedOver: Places): string {
  const names = standIns(own, handedOver)
  return line.replaceAll(/"[^"]*"|(?:--[a-z-]+ FILE|\b[A-Z]{2,})\b/g, (name) => {
    if (name.startsWith('"') || name === 'HEAD') return name
    const found = names[name]
    if (found === undefined) throw new Error(`${name} stands for nothing: ${line}`)
    return found
  })
}

/** Runs one line as a reader does. What npm scripts do is tested elsewhere. */
function expectExit({ line, exit }: Command, own: SignedRepository, handedOver: Places): void {
  if (line.startsWith('npm ')) return
  const { status, stderr } = spawnSync('sh', ['-c', substitute(line, own, handedOver)], {
    cwd: own.home,
    env: {
      PATH: [join(own.home, 'bin'), process.env['PATH']].join(delimiter),
      HOME: own.home,
      COUNTERSIGN_DATA: own.data,
      GITHUB_STEP_SUMMARY: join(own.home, 'summary.md'),
      GIT_CONFIG_GLOBAL: devNull,
      GIT_CONFIG_NOSYSTEM: '1',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  })
  expect(status, `${line}\n${stderr}`).toBe(exit)
}

/** A repository of Alice's with one signed commit, a branch of Bob's, and the programs that pages call. */
function signedRepository(): SignedRepository {
  const repository = new SignedRepository()
  repository.allowedSigners(['alice', 'bob'])
  copyFileSync(join(PROJECT_ROOT, 'testdata/openpgp/rfc9580/v4-ed25519.asc'), join(repository.home, 'keyring.asc'))
  repository.write('limits', '1')
  repository.commit({ message: 'Begin, ABC-0', signer: 'alice' })
  repository.git('branch', 'start')
  repository.git('switch', '-q', '-c', 'work')
  repository.write('more', '1')
  repository.commit({ message: 'Work, ABC-2', signer: 'bob' })
  repository.git('switch', '-q', 'main')
  const settings = { 'user.name': 'alice', 'user.email': 'alice@example.com', 'user.signingKey': 'alice' }
  const program = join(repository.home, 'bin', 'sign')
  for (const [key, value] of Object.entries({ ...settings, 'gpg.format': 'ssh', 'gpg.ssh.program': program })) {
    repository.git('config', key, value)
  }
  installPrograms(join(repository.home, 'bin'))
  return repository
}

function introducePolicy(repository: SignedRepository): void {
  repository.writePolicy(['alice', 'bob'])
  repository.commit({ message: 'Introduce the policy', signer: 'alice' })
}

/** `npx` that knows our own programs alone, and `sign` in place of ssh-keygen, which `npm test` may not need. */
function installPrograms(folder: string): void {
  mkdirSync(folder)
  const cases = Object.entries(BINS).map(([name, bin]) => `${name}) bin='${join(PROJECT_ROOT, bin)}' ;;`)
  const npx = `case $1 in\n${cases.join('\n')}\n*) exit 127 ;;\nesac\nshift\nexec '${process.execPath}' "$bin" "$@"\n`
  writeFileSync(join(folder, 'npx'), `#!/bin/sh\n${npx}`, { mode: 0o755 })
  const signers = new URL('../bench/signers/', import.meta.url)
  writeFileSync(
    join(folder, 'sign.mjs'),
    `import { readFileSync, writeFileSync } from 'node:fs'
import { ed25519SshKey } from '${new URL('ssh-keys.ts', signers)}'
import { sshArmor, sshsigBlob } from '${new URL('sshsig.ts', signers)}'
const name = process.argv[process.argv.indexOf('-f') + 1]
const file = process.argv.at(-1)
writeFileSync(file + '.sig', sshArmor(sshsigBlob(ed25519SshKey('cli test ' + name), readFileSync(file))) + '\\n')
`,
  )
  writeFileSync(join(folder, 'sign'), `#!/bin/sh\nexec '${process.execPath}' "$(dirname "$0")/sign.mjs" "$@"\n`, {
    mode: 0o755,
  })
}

/** The relative links of a page that lead to no file and no folder of the project, or to no heading. */
function deadLinks(path: string, text: string, files: readonly string[]): readonly string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '')
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]:\s*(\S+)/gm)].map(
    ([, inline, named]) => inline ?? named,
  )
  return links
    .filter((link): link is string => link !== undefined && !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? path : posix.join(posix.dirname(path), file)
      const isThere = files.some((name) => name === target || name.startsWith(target.replace(/\/?$/, '/')))
      return (
        !isThere || (anchor !== undefined && !anchorsOf(target === path ? text : texts.get(target)).includes(anchor))
      )
    })
    .map((link) => `${path}: ${link}`)
}

function anchorsOf(text = ''): readonly string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
