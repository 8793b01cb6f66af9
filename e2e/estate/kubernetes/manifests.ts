import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { KubernetesClient } from './kubernetes-client.ts'
import type { WrittenObject } from './kubernetes-object.ts'

/**
 * Applies every object in a folder's YAML files, with those of its folders; objects that name no namespace go into `namespace`.
 * Kustomizations (the files, not Flux's objects) are passed over.
 */
export async function applyManifests(client: KubernetesClient, folder: string, namespace: string): Promise<void> {
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.yaml')).sort()
  await Promise.all(files.map((file) => applyFile(client, join(folder, file), namespace)))
}

async function applyFile(client: KubernetesClient, file: string, namespace: string): Promise<void> {
  for (const document of parseAllDocuments(await readFile(file, 'utf8'))) {
    const object = document.toJS() as WrittenObject | null
    if (object?.metadata === undefined) continue
    await client.apply({ ...object, metadata: { namespace, ...object.metadata } })
  }
}
