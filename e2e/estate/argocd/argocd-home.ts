import { mkdir, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { applyManifests } from '../kubernetes/manifests.ts'
import type { KubernetesHandle } from '../kubernetes/start-kubernetes.ts'
import { locateData, locateProgram } from '../locate.ts'

/** The namespace that Argo CD's own objects are in. */
export const NAMESPACE = 'argocd'

/** What Argo CD's programs share: where they look for things. */
export interface ArgocdHome {
  readonly folder: string
  /** The programs that the repository server runs (git's helpers, kustomize, helm), by their own names. */
  readonly tools: string
}

/** Makes the folders and the PATH that Argo CD's programs expect in their container. */
export async function makeArgocdHome(folder: string): Promise<ArgocdHome> {
  const home = { folder, tools: join(folder, 'tools') }
  for (const name of ['tools', 'tls', 'ssh', 'gnupg', 'gpg-source', 'plugins']) {
    await mkdir(join(folder, name), { recursive: true, mode: 0o700 })
  }
  const scripts = join(await locateData('argocd'), 'hack')
  for (const script of await readdir(scripts)) await symlink(join(scripts, script), join(home.tools, script))
  for (const program of ['kustomize', 'helm'] as const) {
    await symlink(await locateProgram(program), join(home.tools, program))
  }
  return home
}

/** The environment of every one of Argo CD's programs. */
export function argocdEnvironment({ folder, tools }: ArgocdHome, kubeconfig: string): Readonly<Record<string, string>> {
  return {
    PATH: `${tools}:${process.env['PATH'] ?? ''}`,
    KUBECONFIG: kubeconfig,
    // Makes https://kubernetes.default.svc mean the cluster of that configuration.
    ARGOCD_FAKE_IN_CLUSTER: 'true',
    ARGOCD_TLS_DATA_PATH: join(folder, 'tls'),
    ARGOCD_SSH_DATA_PATH: join(folder, 'ssh'),
    ARGOCD_GNUPGHOME: join(folder, 'gnupg'),
    ARGOCD_GPG_DATA_PATH: join(folder, 'gpg-source'),
    ARGOCD_GPG_ENABLED: 'false',
    // Its own is a fixed place in /tmp, which two of them would fight over.
    ARGOCD_ASK_PASS_SOCK: join(folder, 'ask-pass.sock'),
    ARGOCD_PLUGINSOCKFILEPATH: join(folder, 'plugins'),
  }
}

/** Brings definitions, accounts with the rights that an installation gives them, configuration and the project `default` into the cluster. */
export async function installArgocd(cluster: KubernetesHandle): Promise<void> {
  const manifests = join(await locateData('argocd'), 'manifests')
  const { client } = cluster
  await Promise.all([
    cluster.applyDefinitions(join(manifests, 'crds')),
    client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }),
  ])
  const anything = { group: '*', kind: '*' }
  const project = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name: 'default', namespace: NAMESPACE },
    spec: {
      sourceRepos: ['*'],
      destinations: [{ server: '*', namespace: '*' }],
      clusterResourceWhitelist: [anything],
    },
  }
  await Promise.all([
    ...['base', 'cluster-rbac'].map((part) => applyManifests(client, join(manifests, part), NAMESPACE)),
    client.apply(project),
  ])
}
