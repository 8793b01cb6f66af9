import { EstateError } from '../estate/estate-error.ts'
import { findProgram } from '../estate/locate.ts'
import { PROGRAMS, type ProgramName } from '../estate/programs.ts'

const SHOWN: Partial<Readonly<Record<ProgramName, string>>> = {
  'kube-apiserver': 'Kubernetes',
  argocd: 'Argo CD',
  gitea: 'Gitea',
  helm: 'Helm',
}

/**
 * The pinned versions of these programs, under the names that people know them by. Rejects with {@link EstateError}
 * `program_not_built` where one of them is not our own build: a recording must not name a version that it was not made with.
 */
export async function versionsOf(...names: readonly ProgramName[]): Promise<Readonly<Record<string, string>>> {
  for (const name of names) {
    const from = (await findProgram(name))?.from
    if (from === 'built' || process.env['ESTATE_RECORD'] !== '1') continue
    throw new EstateError(
      'program_not_built',
      `recordings are made with our own build of ${name}, not with that of ${from}`,
    )
  }
  return Object.fromEntries(names.map((name) => [SHOWN[name] ?? name, PROGRAMS[name].version]))
}
