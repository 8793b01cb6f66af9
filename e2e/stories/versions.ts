import { PROGRAMS, type ProgramName } from '../estate/programs.ts'

const SHOWN: Partial<Readonly<Record<ProgramName, string>>> = {
  'kube-apiserver': 'Kubernetes',
  argocd: 'Argo CD',
  gitea: 'Gitea',
  helm: 'Helm',
}

/** The pinned versions of these programs, under the names that people know them by. */
export function versionsOf(...names: readonly ProgramName[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [SHOWN[name] ?? name, PROGRAMS[name].version]))
}
