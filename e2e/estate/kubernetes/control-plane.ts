import { get } from 'node:https'
import { join } from 'node:path'
import { freePorts } from '../free-ports.ts'
import { locateProgram } from '../locate.ts'
import { type Program, startProgram } from '../program.ts'
import { type AuditSettings, auditFlags } from './audit.ts'
import type { CertificateAuthority } from './certificates.ts'

/** What the programs of one control plane have in common. */
export interface ControlPlane {
  /** Names the programs and their logs. */
  readonly name: string
  readonly folder: string
  readonly authority: CertificateAuthority
  readonly tokenKeys: { readonly privateFile: string; readonly publicFile: string }
}

/** A short list: nothing here runs containers, so nothing needs more. */
const CONTROLLERS = [
  'namespace',
  'garbagecollector',
  'serviceaccount',
  'csrsigning',
  'csrapproving',
  'clusterrole-aggregation',
]

export async function startEtcd({
  name,
  folder,
}: ControlPlane): Promise<{ readonly url: string; readonly program: Program }> {
  const [clientPort, peerPort] = await freePorts(2)
  const [url, peerUrl] = [`http://127.0.0.1:${clientPort}`, `http://127.0.0.1:${peerPort}`]
  const program = await startProgram({
    name: `${name}-etcd`,
    command: await locateProgram('etcd'),
    args: [
      `--data-dir=${join(folder, 'etcd', 'data')}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
      // It lives for minutes and is never read after a power cut.
      '--unsafe-no-fsync',
      '--log-level=warn',
    ],
    folder: join(folder, 'etcd'),
    ready: async () => (await fetch(`${url}/readyz`)).ok,
  })
  return { url, program }
}

export interface ApiServerSettings {
  readonly etcdUrl: string
  readonly port: number
  readonly audit: AuditSettings | null
}

export async function startApiServer(plane: ControlPlane, settings: ApiServerSettings): Promise<Program> {
  const { name, authority, tokenKeys } = plane
  const { etcdUrl, port, audit } = settings
  const folder = join(plane.folder, 'apiserver')
  const url = `https://127.0.0.1:${port}`
  const server = await authority.certifyServer('kube-apiserver')
  return await startProgram({
    name: `${name}-kube-apiserver`,
    command: await locateProgram('kube-apiserver'),
    args: [
      `--etcd-servers=${etcdUrl}`,
      `--cert-dir=${join(folder, 'certificates')}`,
      `--tls-cert-file=${server.certificateFile}`,
      `--tls-private-key-file=${server.keyFile}`,
      `--client-ca-file=${authority.certificateFile}`,
      `--secure-port=${port}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      // It refuses to publish a loopback address, and nobody looks for it.
      '--endpoint-reconciler-type=none',
      '--service-cluster-ip-range=10.0.0.0/24',
      '--authorization-mode=RBAC',
      // Pods are never started, so none needs a service account to be there first.
      '--disable-admission-plugins=ServiceAccount',
      `--service-account-issuer=${url}`,
      `--service-account-key-file=${tokenKeys.publicFile}`,
      `--service-account-signing-key-file=${tokenKeys.privateFile}`,
      ...(audit === null ? [] : await auditFlags(plane.folder, audit)),
    ],
    folder,
    ready: () => answers(`${url}/readyz`, authority.certificate),
  })
}

export async function startControllerManager(plane: ControlPlane, kubeconfig: string): Promise<Program> {
  const { name, folder, authority, tokenKeys } = plane
  const [port] = await freePorts(1)
  return await startProgram({
    name: `${name}-kube-controller-manager`,
    command: await locateProgram('kube-controller-manager'),
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--controllers=${CONTROLLERS.join(',')}`,
      `--service-account-private-key-file=${tokenKeys.privateFile}`,
      `--root-ca-file=${authority.certificateFile}`,
      `--cluster-signing-cert-file=${authority.certificateFile}`,
      `--cluster-signing-key-file=${authority.keyFile}`,
      '--leader-elect=false',
      // Each controller acts as an account of its own, as elsewhere: the cluster's roles are made for that.
      '--use-service-account-credentials=true',
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
    ],
    folder: join(folder, 'controller-manager'),
    // It certifies itself; what it says about itself needs no proof.
    ready: () => answers(`https://127.0.0.1:${port}/healthz`, null),
  })
}

/** Whether the address answers with 200; `authority` null takes any certificate. */
function answers(url: string, authority: string | null): Promise<boolean> {
  const trust = authority === null ? { rejectUnauthorized: false } : { ca: authority }
  return new Promise((resolve, reject) => {
    get(url, { ...trust, agent: false, timeout: 2_000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
      .once('timeout', function (this: { destroy(): void }) {
        this.destroy()
      })
      .once('error', reject)
  })
}
