import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { freePorts } from '../free-ports.ts'
import type { KubernetesHandle } from '../kubernetes/start-kubernetes.ts'
import { locateData, locateProgram } from '../locate.ts'
import { type Program, startProgram } from '../program.ts'
import { settleAll } from '../settle-all.ts'
import { stopAll } from '../stop-all.ts'
import { CONTROLLERS, type Controller, FLUX_NAMESPACE, fluxAccounts } from './flux-accounts.ts'
import { FluxObjects } from './flux-objects.ts'

/** Where Flux keeps its things, and the cluster that it runs for. */
export interface FluxContext {
  /** Its own folder; made when missing. */
  readonly folder: string
  readonly cluster: KubernetesHandle
}

/** The four controllers of Flux as plain processes, for as long as a test runs. */
export interface FluxHandle {
  readonly namespace: string
  /** Verbs on Flux's objects, as the cluster's administrator. */
  readonly objects: FluxObjects
  /** Where notification-controller takes webhooks: `http://127.0.0.1:PORT`, to be followed by a Receiver's path. */
  readonly receiverUrl: string
  readonly programs: readonly Program[]
  stop(): Promise<void>
}

interface Addresses {
  readonly storage: string
  readonly events: string
  readonly receiver: string
}

/**
 * Installs Flux's definitions and accounts in a cluster and starts its controllers, each as its own service account.
 *
 * Rejects with `EstateError` as {@link startProgram} and `locateProgram` do; what was started is stopped then.
 */
export async function startFlux({ folder, cluster }: FluxContext): Promise<FluxHandle> {
  await mkdir(folder, { recursive: true })
  await install(cluster)
  const [storage = 0, events = 0, receiver = 0] = await freePorts(3)
  const addresses = { storage: at(storage), events: at(events), receiver: at(receiver) }
  const programs: Program[] = []
  const stop = (): Promise<void> => stopAll(programs)
  try {
    await settleAll(
      CONTROLLERS.map(async (name) => programs.push(await startController(name, folder, cluster, addresses))),
    )
  } catch (error) {
    await stop()
    throw error
  }
  const receiverUrl = `http://${addresses.receiver}`
  return { namespace: FLUX_NAMESPACE, objects: new FluxObjects(cluster), receiverUrl, programs, stop }
}

async function install(cluster: KubernetesHandle): Promise<void> {
  const definitions = CONTROLLERS.map(async (name) => {
    await cluster.applyDefinitions(join(await locateData(name), 'config', 'crd', 'bases'))
  })
  const accounts = (async () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: FLUX_NAMESPACE } }
    await cluster.client.apply(namespace)
    for (const object of fluxAccounts()) await cluster.client.apply(object)
  })()
  await Promise.all([...definitions, accounts])
}

async function startController(
  name: Controller,
  parent: string,
  cluster: KubernetesHandle,
  addresses: Addresses,
): Promise<Program> {
  const folder = join(parent, name)
  const storage = join(folder, 'storage')
  await mkdir(storage, { recursive: true })
  const { kubeconfig } = await cluster.actAs({ namespace: FLUX_NAMESPACE, name })
  const [metrics = 0, health = 0] = await freePorts(2)
  return await startProgram({
    name,
    command: await locateProgram(name),
    args: [
      ...argumentsOf(name, storage, addresses),
      `--metrics-addr=${at(metrics)}`,
      `--health-addr=${at(health)}`,
      '--log-encoding=json',
    ],
    env: { KUBECONFIG: kubeconfig, RUNTIME_NAMESPACE: FLUX_NAMESPACE },
    folder,
    ready: async () => (await fetch(`http://${at(health)}/readyz`)).ok,
  })
}

function argumentsOf(
  name: Controller,
  storage: string,
  { storage: address, events, receiver }: Addresses,
): readonly string[] {
  const tells = `--events-addr=http://${events}/`
  // Half a minute, its default, is how long a Kustomization waits for another one.
  const waits = '--requeue-dependency=1s'
  switch (name) {
    case 'source-controller':
      return [tells, `--storage-path=${storage}`, `--storage-addr=${address}`, `--storage-adv-addr=${address}`]
    case 'kustomize-controller':
      return [tells, waits, '--no-remote-bases']
    case 'helm-controller':
      return [tells, waits]
    case 'notification-controller':
      return [`--events-addr=${events}`, `--receiverAddr=${receiver}`]
  }
}

function at(port: number): string {
  return `127.0.0.1:${port}`
}
