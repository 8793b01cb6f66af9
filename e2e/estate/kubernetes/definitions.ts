import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EstateError } from '../estate-error.ts'
import { ApiRefusal } from './api-connection.ts'
import type { KubernetesClient } from './kubernetes-client.ts'
import { conditionOf, type LiveObject } from './kubernetes-object.ts'

interface Definition extends LiveObject {
  readonly spec: {
    readonly group: string
    readonly names: { readonly plural: string }
    readonly versions: readonly { readonly name: string; readonly served: boolean }[]
  }
}

const CRD = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' } as const
const SERVED_WITHIN_MS = 30_000
const POLL_MS = 25

/**
 * Applies every custom resource definition in a folder's YAML files and waits until the API server serves them all. Rejects with
 * `EstateError` `condition_not_met` when it does not within half a minute.
 */
export async function applyDefinitions(client: KubernetesClient, folder: string): Promise<void> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).sort()
  await Promise.all(files.map((file) => applyDefinition(client, join(folder, file))))
}

async function applyDefinition(client: KubernetesClient, file: string): Promise<void> {
  const body = await readFile(file, 'utf8')
  // Parsing half a megabyte of YAML to read a name takes longer than the API server does. Kustomizations lie beside them.
  if (!/^kind: CustomResourceDefinition$/m.test(body)) return
  const name = /^ {2}name: (\S+)$/m.exec(body)?.[1]
  if (name === undefined) throw new Error(`${file} names no definition`)
  const ref = { ...CRD, name }
  const { spec } = await client.applyText<Definition>(ref, body)
  await client.until(ref, 'established', (definition) => conditionOf(definition, 'Established')?.status === 'True')
  // Established is not yet announced: a controller that looks in between finds no such kind, and gives up.
  for (const version of spec.versions.filter(({ served }) => served)) await untilAnnounced(client, spec, version.name)
}

async function untilAnnounced(
  client: KubernetesClient,
  { group, names }: Definition['spec'],
  version: string,
): Promise<void> {
  const path = `/apis/${group}/${version}`
  const deadline = performance.now() + SERVED_WITHIN_MS
  while (!(await announced(client, path)).includes(names.plural)) {
    if (performance.now() > deadline) {
      throw new EstateError(
        'condition_not_met',
        `${names.plural} is not served at ${path} after ${SERVED_WITHIN_MS} ms`,
      )
    }
    await sleep(POLL_MS)
  }
}

async function announced(client: KubernetesClient, path: string): Promise<readonly string[]> {
  try {
    const { resources } = (await client.raw('GET', path)) as {
      readonly resources: readonly { readonly name: string }[]
    }
    return resources.map(({ name }) => name)
  } catch (error) {
    if (error instanceof ApiRefusal) return []
    throw error
  }
}
