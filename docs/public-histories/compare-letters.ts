/**
 * Compares git's answers with Countersign's, object by object:
 *
 *     node docs/public-histories/compare-letters.ts REPOSITORY LETTERS VERIFIED
 *
 * LETTERS is what `git log --format='%H %G? %GK %GS'` printed, VERIFIED what `countersign verify -o jsonl` printed for the
 * same repository with the same trust. git has no placeholder for a tag's letter, so each tag in VERIFIED is given to
 * `git verify-tag --raw` here. A commit that LETTERS lacks counts as one that git died at (`!`).
 *
 * Prints how often each pair of answers came (git's letter, ours, type, scheme, status, reason), the comparison that the
 * benchmark makes, and each object with another letter. Ends with 1 if there is one.
 */

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { compareAnswers, comparisonLines, type Disagreement, parseAnswers } from '../../bench/corpus/compare.ts'
import { answerFromRaw, type GitAnswer } from '../../bench/corpus/git-status.ts'

interface Verified {
  readonly object: string
  readonly type: 'commit' | 'tag'
  readonly signature: { readonly scheme: string | null; readonly status: string }
}

const [repository, lettersFile, verifiedFile] = process.argv.slice(2)
if (repository === undefined || lettersFile === undefined || verifiedFile === undefined) {
  process.stderr.write('usage: node compare-letters.ts REPOSITORY LETTERS VERIFIED\n')
  process.exit(2)
}
process.exitCode = compare(repository, lettersFile, verifiedFile)

function compare(repository: string, lettersFile: string, verifiedFile: string): number {
  const text = readFileSync(verifiedFile, 'utf8')
  const verified = linesOf(text).map((line): Verified => JSON.parse(line))
  const ours = parseAnswers(text)
  const git = readLetters(lettersFile)
  for (const { object, type } of verified) {
    if (type === 'tag') git.set(object, askAboutTag(repository, object))
    else if (!git.has(object)) git.set(object, { letter: '!', key: '', signer: '' })
  }
  const pairs = verified.map(({ object, type, signature: { scheme } }) => {
    const { letter, status, reason } = ours.get(object) ?? { letter: '', status: '', reason: '' }
    return `${git.get(object)?.letter} ${letter} ${type} ${scheme} ${status} ${reason}`
  })
  const comparison = compareAnswers({ objects: objectsOf(verified, git) }, ours, git)
  const lines = [...tally(pairs), ...comparisonLines(repository, comparison), ...comparison.unexplained.map(describe)]
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
  return comparison.unexplained.length === 0 ? 0 : 1
}

function objectsOf(verified: readonly Verified[], git: ReadonlyMap<string, GitAnswer>) {
  const seen = new Set(verified.map(({ object }) => object))
  const ofGitAlone = [...git.keys()].filter((id) => !seen.has(id))
  return [
    ...verified.map(({ object, type, signature: { scheme, status } }) => ({
      id: object,
      type,
      className: status === 'unsigned' ? 'nobody/unsigned' : `${scheme}/${status}`,
    })),
    ...ofGitAlone.map((id) => ({ id, type: 'commit' as const, className: 'of git alone' })),
  ]
}

function describe({ object, ours, git }: Disagreement): string {
  return `${object.id} git «${git.letter}», ours «${ours?.letter ?? 'none'}» (${ours?.reason ?? ''})`
}

function tally(pairs: readonly string[]): string[] {
  const groups = [...Map.groupBy(pairs, (pair) => pair)].sort(([a], [b]) => (a < b ? -1 : 1))
  return groups.map(([pair, all]) => `${all.length}\t${pair}`)
}

function readLetters(file: string): Map<string, GitAnswer> {
  const answers = new Map<string, GitAnswer>()
  for (const line of linesOf(readFileSync(file, 'utf8'))) {
    const [object = '', letter = '', key = '', ...signer] = line.split(' ')
    answers.set(object, { letter, key, signer: signer.join(' ') })
  }
  return answers
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

function askAboutTag(repository: string, id: string): GitAnswer {
  const { stderr } = spawnSync('git', ['-C', repository, 'verify-tag', '--raw', id], { encoding: 'utf8' })
  return answerFromRaw(stderr)
}
