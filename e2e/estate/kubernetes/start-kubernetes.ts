import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../free-ports.ts'
import { locateProgram } from '../locate.ts'
import type { Program } from '../program.ts'
import { runProgram } from '../run-program.ts'
import type { ApiAccess } from './api-connection.ts'
import type { AuditSettings } from './audit.ts'
import { type CertificateAuthority, makeAuthority, makeTokenKeys } from './certificates.ts'
import { type ControlPlane, startApiServer, startControllerManager, startEtcd } from './control-plane.ts'
import { applyDefinitions } from './definitions.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import { KubernetesClient } from './kubernetes-client.ts'

/** How a cluster is to be. */
export interface KubernetesContext {
  /** Its own folder; made when missing. */
  readonly folder: string
  /** Tells clusters apart in configurations, logs and errors; `cluster` when not given. */
  readonly name?: string
  /** Where the API server tells what was asked of it; nowhere when not given. */
  readonly audit?: AuditSettings
}

/** A user, an administrator or a service account, with a way in. */
export interface KubernetesUser {
  readonly name: string
  /** A configuration with which any Kubernetes client acts as this user. */
  readonly kubeconfig: string
  readonly client: KubernetesClient
  /** Runs kubectl as this user and returns what it printed. Rejects with `EstateError` `program_failed` and what it said. */
  kubectl(...args: readonly string[]): Promise<string>
}

export interface ServiceAccountRef {
  readonly namespace: string
  readonly name: string
}

export interface TokenWish {
  /** Whom the token is for; the API server itself when not given. */
  readonly audiences?: readonly string[]
  /** At least 600; an hour when not given. */
  readonly seconds?: number
  /** An object whose removal ends the token. */
  readonly boundTo?: { readonly kind: string; readonly apiVersion: string; readonly name: string; readonly uid: string }
}

export interface IssuedToken {
  readonly token: string
  /** RFC 3339. */
  readonly expirationTimestamp: string
}

/** A cluster without nodes: everything but containers is real. */
export interface KubernetesHandle extends KubernetesUser {
  /** `https://127.0.0.1:PORT`; also the issuer of its tokens. */
  readonly url: string
  /** The certificate of its authority, in PEM, and the file that holds it. */
  readonly authority: string
  readonly authorityFile: string
  readonly programs: readonly Program[]
  /** Lets somebody in with a client certificate. What they may do is up to the cluster's own roles. */
  signIn(user: string, groups?: readonly string[]): Promise<KubernetesUser>
  /** Has the cluster issue a token to a service account that is there (TokenRequest). */
  token(account: ServiceAccountRef, wish?: TokenWish): Promise<IssuedToken>
  /** Acts as a service account, by a token of an hour; `namespace` is the one its configuration starts in, its own if not given. */
  actAs(account: ServiceAccountRef, namespace?: string): Promise<KubernetesUser>
  /** Applies the custom resource definitions of a folder and waits until they are served. */
  applyDefinitions(folder: string): Promise<void>
  stop(): Promise<void>
}

const ADMIN = 'estate-admin'
const HOUR = 3_600

/**
 * Starts etcd, kube-apiserver and kube-controller-manager and lets an administrator in.
 *
 * Rejects with `EstateError` `program_not_built`, `program_exited` or `program_not_ready`; what was started is stopped then.
 */
export async function startKubernetes(context: KubernetesContext): Promise<KubernetesHandle> {
  const { folder, name = 'cluster', audit = null } = context
  const keys = join(folder, 'keys')
  await mkdir(keys, { recursive: true })
  const [authority, tokenKeys, port] = await Promise.all([makeAuthority(keys), makeTokenKeys(keys), freePort()])
  const plane: ControlPlane = { name, folder, authority, tokenKeys }
  const cluster = new RunningCluster(plane, `https://127.0.0.1:${port}`)
  try {
    await cluster.start(port, audit)
  } catch (error) {
    await cluster.stop()
    throw error
  }
  return cluster
}

class RunningCluster implements KubernetesHandle {
  readonly name = ADMIN
  readonly url: string
  readonly authority: string
  readonly authorityFile: string
  readonly programs: Program[] = []
  readonly #plane: ControlPlane
  readonly #authority: CertificateAuthority
  readonly #users: KubernetesUser[] = []
  #admin: KubernetesUser | null = null

  constructor(plane: ControlPlane, url: string) {
    this.#plane = plane
    this.#authority = plane.authority
    this.url = url
    this.authority = plane.authority.certificate
    this.authorityFile = plane.authority.certificateFile
  }

  get kubeconfig(): string {
    return this.#ready().kubeconfig
  }

  get client(): KubernetesClient {
    return this.#ready().client
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return this.#ready().kubectl(...args)
  }

  async start(port: number, audit: AuditSettings | null): Promise<void> {
    const etcd = await startEtcd(this.#plane)
    this.programs.push(etcd.program)
    const [admin, manager] = await Promise.all([
      this.signIn(ADMIN, ['system:masters']),
      this.signIn('system:kube-controller-manager'),
    ])
    this.#admin = admin
    this.programs.push(await startApiServer(this.#plane, { etcdUrl: etcd.url, port, audit }))
    this.programs.push(await startControllerManager(this.#plane, manager.kubeconfig))
  }

  async signIn(user: string, groups: readonly string[] = []): Promise<KubernetesUser> {
    return await this.#admit(user, 'default', await this.#authority.certifyUser(user, groups))
  }

  async token(account: ServiceAccountRef, wish: TokenWish = {}): Promise<IssuedToken> {
    const { audiences = [], seconds = HOUR, boundTo } = wish
    const path = `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}/token`
    const spec = {
      audiences,
      expirationSeconds: seconds,
      ...(boundTo === undefined ? {} : { boundObjectRef: boundTo }),
    }
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec }
    return ((await this.client.raw('POST', path, request)) as { readonly status: IssuedToken }).status
  }

  async actAs(account: ServiceAccountRef, namespace = account.namespace): Promise<KubernetesUser> {
    const { token } = await this.token(account)
    return await this.#admit(`system:serviceaccount:${account.namespace}:${account.name}`, namespace, { token })
  }

  applyDefinitions(folder: string): Promise<void> {
    return applyDefinitions(this.client, folder)
  }

  async stop(): Promise<void> {
    for (const { client } of this.#users) client.close()
    // The API server first: without etcd it would use up the five seconds that it is given.
    for (const program of this.programs.toReversed()) await program.stop()
  }

  async #admit(user: string, namespace: string, identity: ApiAccess['identity']): Promise<KubernetesUser> {
    const { folder, name: cluster } = this.#plane
    const access = { url: this.url, authority: this.authority, identity }
    const file = join(folder, 'keys', `kubeconfig-${this.#users.length + 1}-${user.replaceAll(/[^\w.-]+/g, '-')}`)
    const client = new KubernetesClient(access)
    const admitted: KubernetesUser = {
      name: user,
      kubeconfig: file,
      client,
      kubectl: (...args) => kubectl(folder, file, args),
    }
    this.#users.push(admitted)
    await writeKubeconfig(file, access, { name: cluster, namespace })
    return admitted
  }

  #ready(): KubernetesUser {
    if (this.#admin === null) throw new Error('the cluster has not been started')
    return this.#admin
  }
}

async function kubectl(folder: string, kubeconfig: string, args: readonly string[]): Promise<string> {
  const command = await locateProgram('kubectl')
  const { stdout } = await runProgram({ command, args: [`--kubeconfig=${kubeconfig}`, ...args], folder })
  return stdout
}
