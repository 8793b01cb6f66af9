import { growthFigures } from './log-growth.ts'
import { postgresGrowthFigures } from './log-growth-postgres.ts'
import { hashingFigures } from './log-hashing.ts'
import { postgresFigures } from './log-postgres.ts'
import { sqliteFigures } from './log-sqlite.ts'
import type { MeasureResult } from './measure/report.ts'

/** E1 to E6: the evidence log on SQLite and PostgreSQL, against the same database, disk and hash function with nothing around them. */
export async function evidenceLog(full: boolean): Promise<MeasureResult> {
  const hashing = await hashingFigures(full)
  const parts = [
    await sqliteFigures(),
    await postgresFigures(),
    hashing,
    await growthFigures(full),
    await postgresGrowthFigures(full),
  ]
  return {
    name: 'E1 to E6, the evidence log',
    lines: parts.flatMap(({ lines }) => lines),
    goals: parts.flatMap(({ goals }) => goals),
    disagreements: hashing.disagreements,
  }
}
