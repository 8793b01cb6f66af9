import { writeFileSync } from 'node:fs'
import { craftedVectors } from './crafted-vectors.ts'
import { openGitOracle } from './git-oracle.ts'
import { gpgVectors } from './gpg-vectors.ts'
import { publishedVectors } from './published-vectors.ts'
import type { Recording, Vector } from './vector.ts'

// `node testdata/openpgp/record.ts` makes every vector anew and writes down what git and gpg say about it.
const questions = [...publishedVectors(), ...gpgVectors(), ...(await craftedVectors())]
const keyrings = [...new Set(questions.map(({ keyring }) => keyring))]
const vectors: Vector[] = []
for (const [index, keyring] of keyrings.entries()) {
  const asked = questions.filter((question) => question.keyring === keyring)
  for (const now of new Set(asked.map((question) => question.now))) {
    const batch = asked.filter((question) => question.now === now)

    const oracle = openGitOracle(Buffer.from(keyring, 'base64'), now)
    try {
      for (const [i, answer] of oracle.ask(batch).entries()) {
        const question = batch[i]
        if (question !== undefined) vectors.push({ ...question, keyring: index, ...answer })
      }
    } finally {
      oracle.close()
    }
  }
}
const recording: Recording = { keyrings, vectors }
writeFileSync(new URL('vectors.json', import.meta.url), `${JSON.stringify(recording, null, 1)}\n`)
process.stdout.write(`${vectors.length} vectors, ${keyrings.length} keyrings\n`)
