import { createPublicKey, createVerify, type JsonWebKey } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { githubActionsClaims, gitlabClaims } from './ci-claims.ts'
import { type OidcClient, type OidcHandle, startOidc } from './oidc.ts'
import { signInAs } from './sign-in.ts'

const web: OidcClient = { id: 'countersign', redirectUris: ['http://127.0.0.1:9/callback'] }
const server: OidcClient = { id: 'server', secret: 'not-a-real-secret', redirectUris: ['http://127.0.0.1:9/server'] }
const alice = { login: 'alice', name: 'Alice', email: 'alice@shop.example', groups: ['auditors'] }

let provider: OidcHandle
beforeEach(async () => {
  provider = await startOidc({ users: [alice], clients: [web, server] })
})
afterEach(() => provider.stop())

type Discovery = { readonly issuer: string; readonly jwks_uri: string; readonly token_endpoint: string }

async function discover(): Promise<Discovery> {
  return (await fetch(`${provider.issuer}/.well-known/openid-configuration`)).json() as Promise<Discovery>
}

/** The claims of a token, where one of the published keys signed it. */
async function verified(token: string): Promise<Record<string, unknown> | null> {
  const [head = '', body = '', signature = ''] = token.split('.')
  const { jwks_uri } = await discover()
  const { keys } = (await (await fetch(jwks_uri)).json()) as {
    readonly keys: readonly (JsonWebKey & { kid: string })[]
  }
  const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString())
  const key = keys.find((published) => published.kid === kid)
  if (key === undefined) return null
  const check = createVerify('RSA-SHA256').update(`${head}.${body}`)
  const isGood = check.verify(createPublicKey({ key, format: 'jwk' }), Buffer.from(signature, 'base64url'))
  return isGood ? JSON.parse(Buffer.from(body, 'base64url').toString()) : null
}

test.for([web, server])('somebody signs in to the client $id and is named in the token', async (client) => {
  const { id_token, access_token } = await signInAs(provider.issuer, client, 'alice')
  expect(await verified(id_token)).toMatchObject({
    iss: provider.issuer,
    aud: client.id,
    sub: 'alice',
    email: 'alice@shop.example',
    groups: ['auditors'],
  })
  const me = await fetch(`${provider.issuer}/me`, { headers: { authorization: `Bearer ${access_token}` } })
  expect(await me.json()).toMatchObject({ sub: 'alice', name: 'Alice' })
})

test('whom it does not know it does not let in', async () => {
  await expect(signInAs(provider.issuer, web, 'mallory')).rejects.toThrow('not signed in: 403')
})

test('a client that it does not know, or with a wrong secret, gets nothing', async () => {
  await expect(signInAs(provider.issuer, { ...web, id: 'other' }, 'alice')).rejects.toThrow('client is invalid')
  await expect(signInAs(provider.issuer, { ...server, secret: 'wrong' }, 'alice')).rejects.toThrow('invalid_client')
  await expect(signInAs(provider.issuer, { ...web, redirectUris: ['http://127.0.0.1:9/x'] }, 'alice')).rejects.toThrow(
    'redirect_uri',
  )
})

test('a CI token is signed with the published key and says what the job was', async () => {
  const run = {
    audience: 'countersign',
    repository: 'acme/shop',
    ref: 'refs/heads/main',
    sha: 'a'.repeat(40),
    actor: 'bob',
  }
  expect(await verified(provider.token(githubActionsClaims(run)))).toMatchObject({
    iss: provider.issuer,
    aud: 'countersign',
    sub: 'repo:acme/shop:ref:refs/heads/main',
    event_name: 'push',
    ref_type: 'branch',
  })
  expect(
    await verified(provider.token(gitlabClaims({ ...run, ref: 'refs/tags/v1', environment: 'production' }))),
  ).toMatchObject({
    sub: 'project_path:acme/shop:ref_type:tag:ref:v1',
    ref_protected: 'true',
    environment: 'production',
  })
})

test('a token can be made that must not be believed', async () => {
  expect(await verified(provider.forgedToken({ aud: 'countersign', sub: 'x' }))).toBe(null)
  expect(await verified(provider.token({ sub: 'x' }, { kid: 'another' }))).toBe(null)
  expect(await verified(provider.token({ sub: 'x', exp: 1, iss: 'https://other.example' }))).toMatchObject({
    exp: 1,
    iss: 'https://other.example',
  })
})
