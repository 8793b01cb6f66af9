/** Writes the test vectors of the formats: `node docs/formats/vectors/write.ts`. A test holds them equal to what the source makes. */
import { writeFileSync } from 'node:fs'
import { formatVectors } from '../../../packages/verify/src/format-vectors.fixtures.ts'

for (const [name, text] of formatVectors()) writeFileSync(new URL(name, import.meta.url), text)
