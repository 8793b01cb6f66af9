import { writeFile } from 'node:fs/promises'
import type { ApiAccess } from './api-connection.ts'

/** Writes a configuration that every Kubernetes client reads; only its owner may. Returns its path. */
export async function writeKubeconfig(
  path: string,
  { url, authority, identity }: ApiAccess,
  { name, namespace = 'default' }: { readonly name: string; readonly namespace?: string },
): Promise<string> {
  const user =
    'token' in identity
      ? { token: identity.token }
      : {
          'client-certificate-data': base64(identity.certificate),
          'client-key-data': base64(identity.key),
        }
  const configuration = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: url, 'certificate-authority-data': base64(authority) } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, namespace } }],
    'current-context': name,
  }
  // JSON is YAML too.
  await writeFile(path, JSON.stringify(configuration, null, 2), { mode: 0o600 })
  return path
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
