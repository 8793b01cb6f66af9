/** Writes the test vectors of the formats: `node docs/formats/vectors/write.ts`. A test holds them equal to what the source makes. */
import { writeFileSync } from 'node:fs'
import { statementVectors } from '../../../packages/countersign/src/judge/evidence-types/statement-vectors.fixtures.ts'
import { witnessVectors } from '../../../packages/countersign/src/judge/witness-policy/witness-vectors.fixtures.ts'
import { formatVectors } from '../../../packages/verify/src/format-vectors.fixtures.ts'

for (const [name, text] of formatVectors()) writeFileSync(new URL(name, import.meta.url), text)
for (const [name, text] of statementVectors()) writeFileSync(new URL(`statements/${name}`, import.meta.url), text)
for (const [name, text] of witnessVectors()) writeFileSync(new URL(`witness/${name}`, import.meta.url), text)
