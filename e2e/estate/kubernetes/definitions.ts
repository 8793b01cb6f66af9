import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KubernetesClient } from './kubernetes-client.ts'
import { conditionOf } from './kubernetes-object.ts'

const CRD = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' } as const

/** Applies every custom resource definition in a folder's YAML files and waits until the API server serves them all. */
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
  await client.applyText(ref, body)
  await client.until(ref, 'established', (definition) => conditionOf(definition, 'Established')?.status === 'True')
}
