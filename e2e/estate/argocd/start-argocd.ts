import { connect } from 'node:net'
import { join } from 'node:path'
import { freePorts } from '../free-ports.ts'
import type { KubernetesHandle } from '../kubernetes/start-kubernetes.ts'
import { locateProgram } from '../locate.ts'
import { type Program, startProgram } from '../program.ts'
import { settleAll } from '../settle-all.ts'
import { stopAll } from '../stop-all.ts'
import { ArgocdApplications } from './argocd-applications.ts'
import { type ArgocdHome, argocdEnvironment, installArgocd, makeArgocdHome, NAMESPACE } from './argocd-home.ts'

/** Where Argo CD keeps its things, and the cluster that it runs for. */
export interface ArgocdContext {
  /** Its own empty folder. */
  readonly folder: string
  readonly cluster: KubernetesHandle
  /** How often an application is compared with its repository, in seconds. */
  readonly resyncSeconds?: number
}

/** Argo CD as plain processes, for as long as a test runs. */
export interface ArgocdHandle {
  readonly namespace: string
  /** The API and pages of the server: `http://127.0.0.1:PORT`. Nobody needs to log in. */
  readonly url: string
  readonly applications: ArgocdApplications
  readonly programs: readonly Program[]
  stop(): Promise<void>
}

/** Each role of the one binary, and the service account that an installation runs it as. */
const ACCOUNTS = {
  'repo-server': 'argocd-repo-server',
  'application-controller': 'argocd-application-controller',
  server: 'argocd-server',
  notifications: 'argocd-notifications-controller',
} as const

type Role = keyof typeof ACCOUNTS

/** What every role is started with. */
interface Stage {
  readonly home: ArgocdHome
  readonly cluster: KubernetesHandle
}

/**
 * Installs Argo CD in a cluster and starts repository server, application controller, API server and notifications controller, and the store that they share,
 * each as its own service account.
 *
 * Rejects with `EstateError` `program_not_built`, and as {@link startProgram} does; what was started is stopped then.
 */
export async function startArgocd({ folder, cluster, resyncSeconds = 10 }: ArgocdContext): Promise<ArgocdHandle> {
  const home = await makeArgocdHome(folder)
  const stage = { home, cluster }
  const ports = await portsOf()
  const programs: Program[] = []
  const stop = (): Promise<void> => stopAll(programs)
  const start = async (starting: Promise<Program>): Promise<void> => {
    programs.push(await starting)
  }
  try {
    await settleAll([installArgocd(cluster), start(startStore(home, ports.store))])
    const store = ['--redis', `127.0.0.1:${ports.store}`]
    const repository = ['--repo-server-plaintext', '--repo-server', `127.0.0.1:${ports.repository}`]
    await settleAll([
      start(startRole(stage, 'repo-server', ports.repositoryHealth, repositoryArguments(ports, store))),
      start(
        startRole(stage, 'application-controller', ports.controllerHealth, [
          ...[...store, ...repository, '--namespace', NAMESPACE],
          ...['--app-resync', String(resyncSeconds), '--metrics-port', String(ports.controllerHealth)],
        ]),
      ),
      start(startRole(stage, 'server', ports.server, serverArguments(ports, [...store, ...repository]))),
      start(startRole(stage, 'notifications', ports.notificationsHealth, notificationsArguments(ports))),
    ])
  } catch (error) {
    await stop()
    throw error
  }
  const url = `http://127.0.0.1:${ports.server}`
  return { namespace: NAMESPACE, url, applications: new ArgocdApplications(url), programs, stop }
}

type Ports = Awaited<ReturnType<typeof portsOf>>

async function portsOf(): Promise<
  Record<
    | 'store'
    | 'repository'
    | 'repositoryHealth'
    | 'controllerHealth'
    | 'server'
    | 'serverHealth'
    | 'notificationsHealth',
    number
  >
> {
  const [store = 0, repository = 0, repositoryHealth = 0, controllerHealth = 0, server = 0, ...rest] =
    await freePorts(7)
  const [serverHealth = 0, notificationsHealth = 0] = rest
  return { store, repository, repositoryHealth, controllerHealth, server, serverHealth, notificationsHealth }
}

async function startStore({ folder }: ArgocdHome, port: number): Promise<Program> {
  return await startProgram({
    name: 'miniredis',
    command: await locateProgram('miniredis'),
    args: [`127.0.0.1:${port}`],
    folder: join(folder, 'miniredis'),
    ready: () => answersPing(port),
  })
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write('*1\r\n$4\r\nPING\r\n'))
    socket.once('error', reject)
    socket.once('data', (said) => {
      socket.destroy()
      resolve(said.toString('latin1').startsWith('+PONG'))
    })
  })
}

function repositoryArguments(ports: Ports, store: readonly string[]): readonly string[] {
  return [
    ...[...store, '--disable-tls', '--client-ca-path', ''],
    ...['--address', '127.0.0.1', '--port', String(ports.repository)],
    ...['--metrics-address', '127.0.0.1', '--metrics-port', String(ports.repositoryHealth)],
  ]
}

function serverArguments(ports: Ports, shared: readonly string[]): readonly string[] {
  return [
    ...[...shared, '--namespace', NAMESPACE, '--disable-auth', '--insecure'],
    ...['--address', '127.0.0.1', '--port', String(ports.server)],
    ...['--metrics-address', '127.0.0.1', '--metrics-port', String(ports.serverHealth)],
  ]
}

function notificationsArguments(ports: Ports): readonly string[] {
  return [
    ...['--namespace', NAMESPACE, '--argocd-repo-server-plaintext'],
    ...['--argocd-repo-server', `127.0.0.1:${ports.repository}`, '--metrics-port', String(ports.notificationsHealth)],
  ]
}

/** One binary plays every role, by the name that it is given. */
async function startRole(
  { home, cluster }: Stage,
  role: Role,
  healthPort: number,
  args: readonly string[],
): Promise<Program> {
  const { kubeconfig } = await cluster.actAs({ namespace: NAMESPACE, name: ACCOUNTS[role] })
  const path = role === 'notifications' ? 'metrics' : 'healthz'
  return startProgram({
    name: `argocd-${role}`,
    command: await locateProgram('argocd'),
    args,
    env: { ...argocdEnvironment(home, kubeconfig), ARGOCD_BINARY_NAME: `argocd-${role}` },
    folder: join(home.folder, role),
    ready: async () => (await fetch(`http://127.0.0.1:${healthPort}/${path}`)).ok,
  })
}
