import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { EstateError } from '../estate-error.ts'
import { locateData, locateProgram } from '../locate.ts'

const run = promisify(execFile)
const SERVED_WITHIN_MS = 30_000
const POLL_MS = 100

/** The namespace that Argo CD's own objects are in. */
export const NAMESPACE = 'argocd'

/** What Argo CD's programs share: where they look for things. */
export interface ArgocdHome {
  readonly folder: string
  /** The programs that the repository server runs (git's helpers, kustomize, helm), by their own names. */
  readonly tools: string
  /** A configuration whose namespace is Argo CD's. */
  readonly kubeconfig: string
}

/** Makes the folders and the PATH that Argo CD's programs expect in their container. */
export async function makeArgocdHome(folder: string, kubeconfig: string): Promise<ArgocdHome> {
  const home = { folder, tools: join(folder, 'tools'), kubeconfig: join(folder, 'kubeconfig') }
  for (const name of ['tools', 'tls', 'ssh', 'gnupg', 'gpg-source', 'plugins']) {
    await mkdir(join(folder, name), { recursive: true, mode: 0o700 })
  }
  await writeFile(home.kubeconfig, await readFile(kubeconfig), { mode: 0o600 })
  await kubectl(home.kubeconfig, ['config', 'set-context', '--current', `--namespace=${NAMESPACE}`])
  const scripts = join(await locateData('argocd'), 'hack')
  for (const script of await readdir(scripts)) {
    // The Go module cache keeps no run bits.
    await copyFile(join(scripts, script), join(home.tools, script))
    await chmod(join(home.tools, script), 0o755)
  }
  for (const program of ['kustomize', 'helm'] as const) {
    await symlink(await locateProgram(program), join(home.tools, program))
  }
  return home
}

/** The environment of every one of Argo CD's programs. */
export function argocdEnvironment({ folder, tools, kubeconfig }: ArgocdHome): Readonly<Record<string, string>> {
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
    ARGOCD_PLUGINSOCKFILEPATH: join(folder, 'plugins'),
  }
}

/** Brings definitions, configuration and the project `default` into the cluster. */
export async function installArgocd({ folder, kubeconfig }: ArgocdHome): Promise<void> {
  const data = await locateData('argocd')
  const apply = ['apply', '--server-side', '--force-conflicts', '-f']
  await kubectl(kubeconfig, [...apply, ...(await manifestsIn(join(data, 'manifests', 'crds')))])
  const own = join(folder, 'own-objects.json')
  await writeFile(own, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: ownObjects() }))
  await untilServed(kubeconfig, '/apis/argoproj.io/v1alpha1/appprojects')
  await kubectl(kubeconfig, [...apply, own])
  await kubectl(kubeconfig, [...apply, ...(await manifestsIn(join(data, 'manifests', 'base', 'config')))])
}

/** A definition is served a moment after it was taken; `kubectl wait` fails before it has any condition. */
async function untilServed(kubeconfig: string, path: string): Promise<void> {
  const deadline = performance.now() + SERVED_WITHIN_MS
  for (;;) {
    try {
      return await kubectl(kubeconfig, ['get', '--raw', path])
    } catch (error) {
      if (performance.now() > deadline) throw error
      await sleep(POLL_MS)
    }
  }
}

async function manifestsIn(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter(
    (name) => /\.yaml$/.test(name) && basename(name) !== 'kustomization.yaml',
  )
  return names.flatMap((name, at) => [...(at === 0 ? [] : ['-f']), join(folder, name)])
}

function ownObjects(): readonly unknown[] {
  const named = (kind: string, name: string, more: object): unknown => ({
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: NAMESPACE, labels: { 'app.kubernetes.io/part-of': 'argocd' } },
    ...more,
  })
  const anything = { group: '*', kind: '*' }
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    named('ConfigMap', 'argocd-notifications-cm', { data: {} }),
    named('Secret', 'argocd-notifications-secret', {}),
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AppProject',
      metadata: { name: 'default', namespace: NAMESPACE },
      spec: {
        sourceRepos: ['*'],
        destinations: [{ server: '*', namespace: '*' }],
        clusterResourceWhitelist: [anything],
      },
    },
  ]
}

async function kubectl(kubeconfig: string, args: readonly string[]): Promise<void> {
  const file = await locateProgram('kubectl')
  try {
    await run(file, ['--kubeconfig', kubeconfig, ...args], { maxBuffer: 16 * 1024 * 1024 })
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause)
    throw new EstateError('program_failed', `kubectl ${args[0]} for Argo CD: ${said}`, { cause })
  }
}
