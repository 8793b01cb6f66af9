import type { Corpus, CorpusObject } from './corpus.ts'
import type { GitAnswer } from './git-status.ts'

/** The part of a `countersign verify -o jsonl` line that is compared. */
export interface OurAnswer {
  readonly object: string
  readonly status: string
  readonly letter: string
  readonly key: string
  readonly principal: string
  readonly reason: string
}

/** One object on which we and git do not say the same. */
export interface Disagreement {
  readonly object: CorpusObject
  readonly ours: OurAnswer | null
  readonly git: GitAnswer
}

/** The outcome of comparing every object of a corpus. */
export interface Comparison {
  /** Objects that carry a signature, or what is left of one. */
  readonly signatures: number
  readonly agreed: number
  /** How often git said each letter. */
  readonly letters: ReadonlyMap<string, number>
  /** Objects where git died and gives no letter; we must not call them good. */
  readonly gitDied: number
  /** Another letter, a missing line, or a good word from us where git died. None of these has an excuse. */
  readonly unexplained: readonly Disagreement[]
  /** The same letter, and another `%GK` or `%GS`. Reported, and no failure: git prints nothing where we know more. */
  readonly otherKey: readonly Disagreement[]
  readonly otherSigner: readonly Disagreement[]
  /** The letter is `G` and our own status is not good: we are stricter, each with its reason. */
  readonly stricter: ReadonlyMap<string, number>
}

/** Reads the lines that `countersign verify -o jsonl` printed; throws when one is not what the contract says. */
export function parseAnswers(jsonl: string): Map<string, OurAnswer> {
  const answers = new Map<string, OurAnswer>()
  for (const line of jsonl.split('\n')) {
    if (line === '') continue
    const { object, signature } = JSON.parse(line)
    if (typeof object !== 'string' || typeof signature?.git !== 'string') throw new Error(`not an answer: ${line}`)
    const { status, git: letter, key, principal, reason } = signature
    answers.set(object, { object, status, letter, key: key ?? '', principal: principal ?? '', reason })
  }
  return answers
}

/** Holds our answers against git's, object by object. */
export function compareAnswers(
  { objects }: Pick<Corpus, 'objects'>,
  ours: ReadonlyMap<string, OurAnswer>,
  git: ReadonlyMap<string, GitAnswer>,
): Comparison {
  const letters = new Map<string, number>()
  const stricter = new Map<string, number>()
  const unexplained: Disagreement[] = []
  const otherKey: Disagreement[] = []
  const otherSigner: Disagreement[] = []
  for (const object of objects) {
    const theirs = git.get(object.id)
    if (theirs === undefined) throw new Error(`git was not asked about ${object.id}`)
    const our = ours.get(object.id) ?? null
    count(letters, theirs.letter)
    const pair = { object, ours: our, git: theirs }
    if (our === null || !isSameLetter(our.letter, theirs.letter)) unexplained.push(pair)
    else {
      if (theirs.key !== '' && our.key !== theirs.key) otherKey.push(pair)
      if (theirs.signer !== '' && our.principal !== theirs.signer) otherSigner.push(pair)
      if (our.letter === 'G' && our.status !== 'good') count(stricter, `${our.status}/${our.reason}`)
    }
  }
  const signatures = objects.filter(({ className }) => !className.startsWith('nobody/')).length
  const gitDied = letters.get('!') ?? 0
  const agreed = objects.length - unexplained.length
  return { signatures, agreed, letters, gitDied, unexplained, otherKey, otherSigner, stricter }
}

function isSameLetter(ours: string, git: string): boolean {
  return git === '!' ? ours !== 'G' && ours !== 'U' : ours === git
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1)
}

/** The comparison as lines to print: totals, then every class that disagrees with its first objects. */
export function comparisonLines(name: string, comparison: Comparison): string[] {
  const { letters, signatures, agreed, gitDied, unexplained, stricter } = comparison
  const spread = [...letters].sort().map(([letter, number]) => `${letter} ${number}`)
  const total = agreed + unexplained.length
  return [
    `${name}: ${signatures} signatures on ${total} objects; git said ${spread.join(', ')}${gitDied > 0 ? ' (!: git died)' : ''}`,
    `${name}: ${agreed} agree, ${unexplained.length} unexplained disagreements`,
    ...[...stricter].sort().map(([why, number]) => `  stricter than git's G: ${why}, ${number}`),
    ...classLines('  letter', unexplained, ({ ours, git }) => [ours?.letter ?? 'no line', git.letter]),
    ...classLines('  key', comparison.otherKey, ({ ours, git }) => [ours?.key ?? '', git.key]),
    ...classLines('  signer', comparison.otherSigner, ({ ours, git }) => [ours?.principal ?? '', git.signer]),
  ]
}

function classLines(
  what: string,
  pairs: readonly Disagreement[],
  show: (pair: Disagreement) => readonly string[],
): string[] {
  const groups = Map.groupBy(pairs, (pair) => {
    const [ours, git] = show(pair)
    const names = what === '  letter' ? `ours ${ours} (${pair.ours?.reason ?? ''}), git ${git}` : ''
    return `${what} differs: ${pair.object.type} ${pair.object.className} ${names}`
  })
  return [...groups].map(([title, members]) => {
    const [ours, git] = show(members[0] as Disagreement)
    return `${title.trimEnd()} — ${members.length}, as ${members[0]?.object.id}: ours "${ours}", git "${git}"`
  })
}
