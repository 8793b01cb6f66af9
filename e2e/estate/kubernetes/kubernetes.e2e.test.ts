import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { auditEventsOf, untilAudited } from '../audit-sink/audit-events.ts'
import { startAuditSink } from '../audit-sink/audit-sink.ts'
import { makeKeptFolder } from '../keeper-link.ts'
import { runProgram } from '../run-program.ts'
import { type Estate, startEstate } from '../start-estate.ts'
import { ApiRefusal } from './api-connection.ts'
import type { LiveObject, ObjectRef } from './kubernetes-object.ts'
import { type KubernetesUser, startKubernetes } from './start-kubernetes.ts'

type Wish = { readonly kubernetes: { readonly clusters: 2 }; readonly audit: true }
let estate: Estate<Wish>
let bob: KubernetesUser

const configMap = (name: string, data: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})
const refTo = (name: string): ObjectRef => ({ apiVersion: 'v1', kind: 'ConfigMap', name })
const RBAC = 'rbac.authorization.k8s.io/v1'

beforeAll(async () => {
  estate = await startEstate({ kubernetes: { clusters: 2 }, audit: true })
  bob = await estate.kubernetes.signIn('bob@shop.example', ['developers'])
  await estate.kubernetes.client.apply({
    apiVersion: RBAC,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'developers' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
    subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'developers' }],
  })
})
afterAll(async () => {
  await estate?.stop()
})

describe('refusals', () => {
  test('a request that is not allowed says what Kubernetes calls it', async () => {
    const refused = bob.client.get({ apiVersion: 'v1', kind: 'Node', name: 'any' })
    await expect(refused).rejects.toBeInstanceOf(ApiRefusal)
    await expect(refused).rejects.toMatchObject({ httpStatus: 403, reason: 'Forbidden' })
  })

  test('a kind that is not served is an error, not an absent object', async () => {
    await expect(bob.client.get({ apiVersion: 'v1', kind: 'Nothing', name: 'any' })).rejects.toMatchObject({
      code: 'request_failed',
    })
    await expect(bob.client.get({ apiVersion: 'nobody.example/v1', kind: 'Shop', name: 'any' })).rejects.toMatchObject({
      httpStatus: 404,
    })
  })

  test('kubectl that fails says what it said', async () => {
    await expect(bob.kubectl('get', 'nodes')).rejects.toMatchObject({
      code: 'program_failed',
      message: expect.stringContaining('User "bob@shop.example" cannot list resource "nodes"'),
    })
  })

  test('waiting for what does not come ends with the last state', async () => {
    await estate.kubernetes.client.apply(configMap('patience', { is: 'short' }))
    const waited = estate.kubernetes.client.until(refTo('patience'), 'long', ({ data }) => data === 'long', 200)
    await expect(waited).rejects.toMatchObject({
      code: 'condition_not_met',
      message: expect.stringMatching(/ConfigMap patience is not long after 200 ms: .*"is":"short"/),
    })
    await expect(estate.kubernetes.client.untilGone(refTo('patience'), 200)).rejects.toMatchObject({
      code: 'condition_not_met',
    })
  })

  test('a program that is missing is named, and nothing is left running', async () => {
    vi.stubEnv('ESTATE_KUBE_APISERVER', '/nowhere/kube-apiserver')
    const folder = await makeKeptFolder(join(tmpdir(), 'estate-missing-'), 0o700)
    await expect(startKubernetes({ folder })).rejects.toMatchObject({ code: 'program_not_built' })
    const { stdout } = await runProgram({ command: 'ps', args: ['-eo', 'args'], folder })
    expect(stdout).not.toContain(folder)
  })
})

describe('objects', () => {
  test('can be applied, read, listed, patched, watched and deleted', async () => {
    const { client } = estate.kubernetes
    const seen: string[] = []
    const stop = new AbortController()
    const { resourceVersion } = (await client.apply(configMap('before', {}))).metadata
    const watching = (async () => {
      const kind = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default' }
      for await (const { type, object } of client.watch(kind, { resourceVersion, signal: stop.signal })) {
        if (object.metadata.name === 'settings') seen.push(type)
      }
    })()
    await client.apply(configMap('settings', { greeting: 'hello', tone: 'warm' }), { fieldManager: 'story' })
    await client.patch(refTo('settings'), { data: { greeting: 'good day' } }, { fieldManager: 'hand' })
    const live = await client.get(refTo('settings'))
    expect(live).toMatchObject({ data: { greeting: 'good day', tone: 'warm' } })
    expect(live?.metadata.managedFields?.map(({ manager }) => manager)).toEqual(['story', 'hand'])
    expect((await client.list({ apiVersion: 'v1', kind: 'ConfigMap' })).map(({ metadata }) => metadata.name)).toContain(
      'settings',
    )
    await client.delete(refTo('settings'))
    await client.untilGone(refTo('settings'))
    expect(await client.get(refTo('settings'))).toBe(null)
    await expect.poll(() => seen).toEqual(['ADDED', 'MODIFIED', 'DELETED'])
    stop.abort()
    await watching
  })

  test('are put where kubectl looks, as the version that is pinned', async () => {
    await bob.client.apply(configMap('seen', { by: 'bob' }))
    expect(await bob.kubectl('get', 'configmap', 'seen', '--output=jsonpath={.data.by}')).toBe('bob')
    const { serverVersion, clientVersion } = JSON.parse(await bob.kubectl('version', '--output=json'))
    expect([serverVersion.gitVersion, clientVersion.gitVersion]).toEqual([
      expect.stringMatching(/^v1\.36\./),
      expect.stringMatching(/^v1\.36\./),
    ])
  })

  test('of a kind of our own can be applied as soon as its definition has been', async () => {
    const { client } = estate.kubernetes
    for (const kind of ['Shop', 'Shelf', 'Price']) {
      const plural = `${kind.toLowerCase()}s`
      const folder = await mkdtemp(join(estate.folder, 'definitions-'))
      await writeFile(join(folder, `${plural}.yaml`), definitionOf(kind, plural))
      await estate.kubernetes.applyDefinitions(folder)
      await client.apply({ apiVersion: 'shop.example/v1', kind, metadata: { name: 'first' } })
    }
  })

  test('of two clusters are apart', async () => {
    const [first, second] = estate.clusters
    await first?.kubernetes.client.apply(configMap('only-first', {}))
    expect(await second?.kubernetes.client.get(refTo('only-first'))).toBe(null)
  })

  test('of a removed namespace go with it, and owned ones with their owner', async () => {
    const { client } = estate.kubernetes
    const namespace: ObjectRef = { apiVersion: 'v1', kind: 'Namespace', name: 'short-lived' }
    await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'short-lived' } })
    await client.until(
      { apiVersion: 'v1', kind: 'ServiceAccount', namespace: 'short-lived', name: 'default' },
      'there',
      () => true,
    )
    await client.delete(namespace)
    await client.untilGone(namespace)

    const owner = await client.apply(configMap('owner', {}))
    const { apiVersion, kind, metadata } = owner
    const ownerReferences = [{ apiVersion, kind, name: metadata.name, uid: metadata.uid }]
    await client.apply({ ...configMap('owned', {}), metadata: { name: 'owned', ownerReferences } })
    await client.delete(refTo('owner'))
    await client.untilGone(refTo('owned'))
  })
})

describe('credentials', () => {
  test('a token lets a service account in until what it is bound to is gone', async () => {
    const { client } = estate.kubernetes
    await client.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' } })
    const session = await client.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'session' } })
    const issued = await estate.kubernetes.token(
      { namespace: 'default', name: 'robot' },
      { seconds: 600, boundTo: { apiVersion: 'v1', kind: 'Secret', name: 'session', uid: session.metadata.uid } },
    )
    expect(Date.parse(issued.expirationTimestamp)).toBeGreaterThan(Date.now() + 500_000)
    expect(await reviewed(issued.token)).toMatchObject({
      authenticated: true,
      user: { username: 'system:serviceaccount:default:robot' },
    })
    await client.delete({ apiVersion: 'v1', kind: 'Secret', name: 'session' })
    await expect
      .poll(async () => (await reviewed(issued.token)).authenticated ?? false, { timeout: 15_000 })
      .toBe(false)
  })

  test('a token says who issued it, and the keys for that are published', async () => {
    await estate.kubernetes.client.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'caller' } })
    const account = { namespace: 'default', name: 'caller' }
    const { token } = await estate.kubernetes.token(account, { audiences: ['countersign'] })
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    expect(claims).toMatchObject({
      iss: estate.kubernetes.url,
      aud: ['countersign'],
      sub: 'system:serviceaccount:default:caller',
    })
    const keys = await estate.kubernetes.client.raw('GET', '/openid/v1/jwks')
    expect(keys).toMatchObject({ keys: [{ kty: 'EC', alg: 'ES256' }] })
  })

  test('a certificate request that is approved is signed', async () => {
    const { client } = estate.kubernetes
    const admitted = await estate.kubernetes.actAs({ namespace: 'kube-system', name: 'default' })
    expect(await admitted.kubectl('auth', 'whoami', '--output=jsonpath={.status.userInfo.username}')).toBe(
      'system:serviceaccount:kube-system:default',
    )
    const request = await newCertificateRequest()
    const ref: ObjectRef = { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', name: 'carol' }
    const spec = {
      request,
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
      expirationSeconds: 600,
    }
    await client.create({ apiVersion: ref.apiVersion, kind: ref.kind, metadata: { name: 'carol' }, spec })
    await estate.kubernetes.kubectl('certificate', 'approve', 'carol')
    const signed = await client.until(ref, 'signed', ({ status }) => Object.hasOwn(status ?? {}, 'certificate'))
    expect((signed['status'] as { readonly certificate: string }).certificate).toMatch(/^[\w+/=]+$/)
  })
})

test('an admission policy refuses what its expression refuses, once it is in force', async () => {
  const { client } = estate.kubernetes
  const ADMISSION = 'admissionregistration.k8s.io/v1'
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }
  const validations = [{ expression: '!has(object.data) || !("forbidden" in object.data)', message: 'not here' }]
  const spec = { failurePolicy: 'Fail', matchConstraints: { resourceRules: [rule] }, validations }
  await client.apply({
    apiVersion: ADMISSION,
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: 'guard' },
    spec,
  })
  const binding = { policyName: 'guard', validationActions: ['Deny'] }
  await client.apply({
    apiVersion: ADMISSION,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: 'guard' },
    spec: binding,
  })
  const attempt = async (): Promise<string> =>
    await client.apply(configMap('guarded', { forbidden: 'yes' })).then(
      () => 'taken',
      (error: unknown) => String(error),
    )
  await expect.poll(attempt, { timeout: 15_000 }).toMatch(/denied request: not here/)
  await client.apply(configMap('guarded', { allowed: 'yes' }))
})

describe('audit', () => {
  test('a change arrives at the webhook with who, what and the object, from the cluster that it happened in', async () => {
    await bob.client.apply(configMap('audited', { greeting: 'hello' }), { fieldManager: 'story' })
    const event = await untilAudited(estate.audit, 'a change', ({ objectRef }) => objectRef?.name === 'audited')
    expect(event).toMatchObject({
      level: 'RequestResponse',
      stage: 'ResponseComplete',
      verb: 'patch',
      user: { username: 'bob@shop.example', groups: ['developers', 'system:authenticated'] },
      responseStatus: { code: 201 },
      responseObject: { data: { greeting: 'hello' } },
    })
    expect(estate.audit.received.map(({ path }) => path)).toContain('/first?timeout=30s')
  })

  test('a refused change arrives too; reading does not, and of a secret nothing but that it was touched', async () => {
    const { client } = estate.kubernetes
    await bob.client.delete({ apiVersion: 'v1', kind: 'Namespace', name: 'kube-system' }).catch(() => {})
    const refused = await untilAudited(
      estate.audit,
      'a refused change',
      ({ verb, objectRef }) => verb === 'delete' && objectRef?.name === 'kube-system',
    )
    expect(refused).toMatchObject({ responseStatus: { code: 403 } })

    await bob.client.get(refTo('audited'))
    await client.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'keys' },
      stringData: { key: 'c2VjcmV0' },
    })
    await client.apply(configMap('last', {}))
    await untilAudited(estate.audit, 'the last change', ({ objectRef }) => objectRef?.name === 'last')
    const all = estate.audit.received.flatMap(auditEventsOf)
    expect(all.map(({ verb }) => verb)).not.toContain('get')
    const [secret] = all.filter(({ objectRef }) => objectRef?.name === 'keys')
    expect(secret).toMatchObject({ level: 'Metadata' })
    expect(JSON.stringify(all)).not.toContain('c2VjcmV0')
  })

  test('a policy of the test itself is used', { timeout: 60_000 }, async () => {
    const sink = await startAuditSink()
    const folder = await makeKeptFolder(join(tmpdir(), 'estate-audit-'), 0o700)
    const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Metadata', verbs: ['get'] }] }
    const cluster = await startKubernetes({ folder, audit: { webhook: sink.url, policy, mode: 'blocking' } })
    try {
      await cluster.client.get(refTo('any'))
      const event = await untilAudited(sink, 'a reading', ({ objectRef }) => objectRef?.name === 'any')
      expect(event).toMatchObject({ verb: 'get', level: 'Metadata' })
    } finally {
      await cluster.stop()
      await sink.stop()
    }
  })
})

const definitionOf = (kind: string, plural: string): string => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: ${plural}.shop.example
spec:
  group: shop.example
  scope: Namespaced
  names: { kind: ${kind}, plural: ${plural} }
  versions:
    - { name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object } } }
`

async function reviewed(token: string): Promise<{ readonly authenticated?: boolean; readonly user?: object }> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } }
  const answer = await estate.kubernetes.client.raw('POST', '/apis/authentication.k8s.io/v1/tokenreviews', review)
  return (answer as LiveObject)['status'] as { readonly authenticated?: boolean }
}

async function newCertificateRequest(): Promise<string> {
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', '/dev/null']
  const { stdout } = await runProgram({
    command: 'openssl',
    args: ['req', '-new', ...newKey, '-subj', '/CN=carol@shop.example'],
    folder: estate.folder,
  })
  return Buffer.from(stdout).toString('base64')
}
