import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Comparison, compareAnswers, comparisonLines, parseAnswers } from './corpus/compare.ts'
import { agreementCorpus, type Corpus } from './corpus/corpus.ts'
import { gitLetters } from './corpus/git-letters.ts'
import type { CorpusSize } from './corpus/recipes.ts'
import { isolatedEnv } from './history/repository.ts'
import { verifyCommand, withScratch } from './measure/countersign.ts'
import type { MeasureResult } from './measure/report.ts'
import { timedRun } from './measure/timed-run.ts'

const CORPORA: readonly CorpusSize[] = [
  { format: 'sha1', scale: 1, zone: 'UTC' },
  { format: 'sha256', scale: 0.1, zone: 'America/St_Johns' },
]

/**
 * V7: our `%G?` letters against git's own over the agreement corpora. Gates every other measure.
 *
 * @param saveTo a folder that receives the exact bytes of each object in disagreement, and a list of them
 */
export async function agreement(saveTo: string | null): Promise<MeasureResult> {
  const lines: string[] = []
  let disagreements = 0
  let signatures = 0
  for (const size of CORPORA) {
    const corpus = agreementCorpus(size)
    const comparison = await compareCorpus(corpus)
    lines.push(...comparisonLines(size.format, comparison))
    disagreements += comparison.unexplained.length
    signatures += comparison.signatures
    if (saveTo !== null) saveDisagreements(join(saveTo, size.format), corpus, comparison)
  }
  const goals = [
    { what: 'V7 signatures compared', value: signatures, goal: 10_000, unit: '', better: 'more' },
    { what: 'V7 unexplained disagreements', value: disagreements, goal: 0, unit: '', better: 'less' },
  ] as const
  return { name: 'V7', lines, goals, disagreements }
}

function compareCorpus(corpus: Corpus): Promise<Comparison> {
  return withScratch(async (folder) => {
    let reported = 0
    const git = await gitLetters(corpus, (done) => {
      if (done - reported < 500) return
      reported = done
      process.stderr.write(`  git answered for ${done} of ${corpus.objects.length}\n`)
    })
    const stdoutFile = join(folder, 'answers.jsonl')
    const { allowedSigners, revocations, keyring, roots } = corpus
    const env = isolatedEnv({ TZ: corpus.zone })
    const trust = [
      '--allowed-signers',
      allowedSigners,
      '--revoked',
      revocations,
      '--keyring',
      keyring,
      '--x509-roots',
      roots,
    ]
    await timedRun(verifyCommand(corpus.repository, ['--all', ...trust], { stdoutFile, env }))
    return compareAnswers(corpus, parseAnswers(readFileSync(stdoutFile, 'utf8')), git)
  })
}

function saveDisagreements(folder: string, corpus: Corpus, { unexplained, otherKey, otherSigner }: Comparison): void {
  mkdirSync(folder, { recursive: true })
  const list = { letter: unexplained, key: otherKey, signer: otherSigner }
  writeFileSync(join(folder, 'disagreements.json'), `${JSON.stringify(list, null, 1)}\n`)
  for (const { object } of [...unexplained, ...otherKey, ...otherSigner]) {
    const bytes = execFileSync('git', ['-C', corpus.repository, 'cat-file', object.type, object.id], {
      maxBuffer: 1 << 26,
    })
    writeFileSync(join(folder, `${object.id}.${object.type}`), bytes)
  }
}
