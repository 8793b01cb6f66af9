/** How one program is built from its pinned Go module. */
export interface ProgramSource {
  /** The folder in `e2e/modules` with the wrapper module: its `go.mod` and `go.sum` pin everything that is compiled. */
  readonly module: string
  /** The package with the program's `main`. */
  readonly package: string
  /** Of the program, as its makers number it. */
  readonly version: string
  readonly cgo?: true
  readonly tags?: string
  /** Variables that the linker sets, by their full name: most programs know their own version only so. */
  readonly variables?: Readonly<Record<string, string>>
  /** What it takes with empty caches on two cores, after the programs above it in this table (docs/estate.md says when measured). */
  readonly coldSeconds: number
  readonly megabytes: number
  /** How to ask it for its version: one that lies on PATH is used only when it answers with the same major and minor. */
  readonly askVersion?: readonly string[]
}

/** Files of a Go module that a program needs beside itself. */
export interface DataSource {
  readonly module: string
  /** The Go module whose folder in the module cache holds the files. */
  readonly goModule: string
  /** Files and folders below it. */
  readonly paths: readonly string[]
}

const KUBERNETES = {
  module: 'kubernetes',
  version: '1.36.3',
  // Without these, clients see a server of version 0.0.0.
  variables: {
    'k8s.io/component-base/version.gitVersion': 'v1.36.3',
    'k8s.io/component-base/version.gitMajor': '1',
    'k8s.io/component-base/version.gitMinor': '36',
  },
} as const

/** Every program of the estate, in the order in which they build fastest: they have most of their packages in common. */
export const PROGRAMS = {
  etcd: {
    module: 'etcd',
    package: 'go.etcd.io/etcd/server/v3',
    version: '3.7.1',
    coldSeconds: 20,
    megabytes: 25,
    askVersion: ['--version'],
  },
  'kube-apiserver': {
    ...KUBERNETES,
    package: 'k8s.io/kubernetes/cmd/kube-apiserver',
    coldSeconds: 147,
    megabytes: 105,
    askVersion: ['--version'],
  },
  'kube-controller-manager': {
    ...KUBERNETES,
    package: 'k8s.io/kubernetes/cmd/kube-controller-manager',
    coldSeconds: 41,
    megabytes: 96,
    askVersion: ['--version'],
  },
  kubectl: {
    ...KUBERNETES,
    package: 'k8s.io/kubernetes/cmd/kubectl',
    coldSeconds: 15,
    megabytes: 60,
    askVersion: ['version', '--client'],
  },
  'source-controller': {
    module: 'source-controller',
    package: 'github.com/fluxcd/source-controller',
    version: '1.9.1',
    coldSeconds: 149,
    megabytes: 101,
  },
  'kustomize-controller': {
    module: 'kustomize-controller',
    package: 'github.com/fluxcd/kustomize-controller',
    version: '1.9.4',
    coldSeconds: 88,
    megabytes: 86,
  },
  'notification-controller': {
    module: 'notification-controller',
    package: 'github.com/fluxcd/notification-controller',
    version: '1.9.3',
    coldSeconds: 86,
    megabytes: 79,
  },
  'helm-controller': {
    module: 'helm-controller',
    package: 'github.com/fluxcd/helm-controller',
    version: '1.6.4',
    coldSeconds: 76,
    megabytes: 79,
  },
  argocd: {
    module: 'argocd',
    package: 'github.com/argoproj/argo-cd/v3/cmd',
    version: '3.5.1',
    variables: { 'github.com/argoproj/argo-cd/v3/common.version': '3.5.1' },
    coldSeconds: 151,
    megabytes: 154,
    askVersion: ['version', '--client', '--short'],
  },
  miniredis: { module: 'miniredis', package: '.', version: '2.40.0', coldSeconds: 2, megabytes: 6 },
  gitea: {
    module: 'gitea',
    package: 'code.gitea.io/gitea',
    version: '1.26.0',
    cgo: true,
    tags: 'sqlite sqlite_unlock_notify',
    variables: { 'main.Version': '1.26.0' },
    coldSeconds: 147,
    megabytes: 109,
    askVersion: ['--version'],
  },
  opa: {
    module: 'opa',
    package: 'github.com/open-policy-agent/opa',
    version: '1.19.0',
    coldSeconds: 31,
    megabytes: 41,
    askVersion: ['version'],
  },
  conftest: {
    module: 'conftest',
    package: 'github.com/open-policy-agent/conftest',
    version: '0.69.0',
    variables: { 'github.com/open-policy-agent/conftest/internal/version.Version': '0.69.0' },
    coldSeconds: 46,
    megabytes: 74,
    askVersion: ['--version'],
  },
  kustomize: {
    module: 'kustomize',
    package: 'sigs.k8s.io/kustomize/kustomize/v5',
    version: '5.8.1',
    coldSeconds: 9,
    megabytes: 16,
    askVersion: ['version'],
  },
  helm: {
    module: 'helm',
    package: 'helm.sh/helm/v4/cmd/helm',
    version: '4.2.4',
    coldSeconds: 36,
    megabytes: 64,
    askVersion: ['version'],
  },
  versitygw: {
    module: 'versitygw',
    package: 'github.com/versity/versitygw/cmd/versitygw',
    version: '1.8.0',
    variables: { 'main.Version': 'v1.8.0' },
    coldSeconds: 40,
    megabytes: 45,
    askVersion: ['--version'],
  },
  'tessera-fsck': {
    module: 'tessera',
    package: 'github.com/transparency-dev/tessera/cmd/fsck',
    version: '1.0.4',
    coldSeconds: 21,
    megabytes: 8,
  },
} as const satisfies Readonly<Record<string, ProgramSource>>

export type ProgramName = keyof typeof PROGRAMS

/** Files that programs need beside themselves, by the program's name. */
export const DATA = {
  'source-controller': flux('source-controller'),
  'kustomize-controller': flux('kustomize-controller'),
  'notification-controller': flux('notification-controller'),
  'helm-controller': flux('helm-controller'),
  argocd: {
    module: 'argocd',
    goModule: 'github.com/argoproj/argo-cd/v3',
    paths: [
      'manifests/crds',
      'manifests/base/config',
      'manifests/base/application-controller-roles',
      ...account('notification', 'argocd-notifications-controller'),
      ...account('server', 'argocd-server'),
      'manifests/base/repo-server/argocd-repo-server-sa.yaml',
      'manifests/base/notification/argocd-notifications-cm.yaml',
      'manifests/base/notification/argocd-notifications-secret.yaml',
      'manifests/cluster-rbac/application-controller',
      'manifests/cluster-rbac/server',
      'hack/git-ask-pass.sh',
      'hack/git-verify-wrapper.sh',
      'hack/gpg-wrapper.sh',
    ],
  },
  gitea: { module: 'gitea', goModule: 'code.gitea.io/gitea', paths: ['templates', 'options', 'public'] },
} as const satisfies Partial<Readonly<Record<ProgramName, DataSource>>>

export type DataName = keyof typeof DATA

export function isProgramName(name: string): name is ProgramName {
  return Object.hasOwn(PROGRAMS, name)
}

export function isDataName(name: string): name is DataName {
  return Object.hasOwn(DATA, name)
}

/** The service account of a part of Argo CD, and its rights. */
function account(folder: string, name: string): readonly string[] {
  return ['sa', 'role', 'rolebinding'].map((what) => `manifests/base/${folder}/${name}-${what}.yaml`)
}

function flux(name: string): DataSource {
  return { module: name, goModule: `github.com/fluxcd/${name}`, paths: ['config/crd/bases'] }
}
