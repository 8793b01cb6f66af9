import { createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import Provider, { type Configuration, type KoaContextWithOIDC } from 'oidc-provider'
import { serveLoopback } from '../loopback/loopback-server.ts'
import { OidcStore } from './oidc-store.ts'

/** Somebody who can sign in. */
export interface OidcUser {
  /** What the user types, and the subject of the tokens. */
  readonly login: string
  readonly name: string
  readonly email: string
  readonly groups?: readonly string[]
}

/** A program that sends its users here. Public clients have no secret; PKCE is demanded of all. */
export interface OidcClient {
  readonly id: string
  readonly secret?: string
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris?: readonly string[]
}

export interface OidcContext {
  readonly users?: readonly OidcUser[]
  readonly clients?: readonly OidcClient[]
  /** The life of tokens in seconds; 3600. */
  readonly lifetime?: number
}

/** What a token says; `iss`, `iat`, `nbf`, `exp` and `jti` are added where they are missing. */
export type TokenClaims = Readonly<Record<string, unknown>>

/** An OpenID provider with people who sign in on a page, and tokens like those of a CI job. */
export interface OidcHandle {
  /** The issuer: discovery is at `ISSUER/.well-known/openid-configuration`. */
  readonly issuer: string
  /** A token signed with the provider's key (RS256), as a CI system gives one to a job. `header` goes over the usual one. */
  token(claims: TokenClaims, header?: Readonly<Record<string, unknown>>): string
  /** A token that looks the same and is signed with a key that the provider does not publish. */
  forgedToken(claims: TokenClaims): string
  stop(): Promise<void>
}

const SCOPES = 'openid email profile groups offline_access'
const KEY_ID = 'estate-1'
const HOUR = 3600

/** Starts a provider on a free port of the loopback interface. */
export async function startOidc({ users = [], clients = [], lifetime = HOUR }: OidcContext = {}): Promise<OidcHandle> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  let handle: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => void response.end()
  const server = await serveLoopback((request, response) => handle(request, response))
  const provider = new Provider(server.url, configurationOf({ users, clients, lifetime, privateKey }))
  const answer = provider.callback()
  handle = (request, response) => {
    if (!request.url?.startsWith(SIGN_IN)) void answer(request, response)
    else signIn(provider, users, request, response).catch((cause) => response.writeHead(400).end(String(cause)))
  }
  const issuer = server.url
  return {
    issuer,
    token: (claims, header) => signToken(privateKey, { ...lifeOf(issuer, lifetime), ...claims }, header),
    forgedToken: (claims) => {
      const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
      return signToken(other.privateKey, { ...lifeOf(issuer, lifetime), ...claims })
    },
    stop: () => server.stop(),
  }
}

const SIGN_IN = '/sign-in/'

function configurationOf(context: Required<OidcContext> & { readonly privateKey: KeyObject }): Configuration {
  const { users, clients, lifetime, privateKey } = context
  const store = new OidcStore()
  return {
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: KEY_ID, use: 'sig', alg: 'RS256' }] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    clients: clients.map(clientMetadata),
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['name', 'preferred_username'],
      groups: ['groups'],
    },
    scopes: SCOPES.split(' '),
    // Who and in which groups goes into the ID token too, as most providers can be told to.
    conformIdTokenClaims: false,
    ttl: { AccessToken: lifetime, IdToken: lifetime, Session: lifetime, Grant: lifetime, Interaction: lifetime },
    adapter: (kind) => store.part(kind),
    renderError: (context, { error, error_description: why }) => {
      context.body = `${error}: ${why ?? ''}`
    },
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    interactions: { url: (_context, interaction) => `${SIGN_IN}${interaction.uid}` },
    findAccount: (_context, login) => {
      const user = users.find((known) => known.login === login)
      return user === undefined ? undefined : { accountId: login, claims: () => ({ sub: login, ...claimsOf(user) }) }
    },
    loadExistingGrant: grantAll,
  }
}

function clientMetadata({
  id,
  secret,
  redirectUris,
  postLogoutRedirectUris = [],
}: OidcClient): Record<string, unknown> & { client_id: string } {
  const auth = secret === undefined ? { token_endpoint_auth_method: 'none' as const } : { client_secret: secret }
  const grants = ['authorization_code', 'refresh_token', ...(secret === undefined ? [] : ['client_credentials'])]
  return {
    client_id: id,
    ...auth,
    grant_types: grants,
    redirect_uris: [...redirectUris],
    post_logout_redirect_uris: [...postLogoutRedirectUris],
  }
}

function claimsOf({ login, name, email, groups = [] }: OidcUser): Record<string, unknown> {
  return { name, preferred_username: login, email, email_verified: true, groups }
}

/** Nobody is asked for consent: every client gets what it asks for. */
async function grantAll({ oidc }: KoaContextWithOIDC) {
  const { client, session, provider } = oidc
  if (client === undefined || session?.accountId === undefined) return undefined
  const known = session.grantIdFor(client.clientId)
  if (known !== undefined) return provider.Grant.find(known)
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
  grant.addOIDCScope(SCOPES)
  await grant.save()
  return grant
}

/** The page where somebody says who they are. There are no passwords. */
async function signIn(
  provider: Provider,
  users: readonly OidcUser[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  await provider.interactionDetails(request, response)
  const login = request.method === 'POST' ? new URLSearchParams(await text(request)).get('login') : null
  if (login !== null && users.some((user) => user.login === login)) {
    await provider.interactionFinished(request, response, { login: { accountId: login } })
    return
  }
  response.writeHead(login === null ? 200 : 403, { 'content-type': 'text/html; charset=utf-8' })
  response.end(PAGE)
}

const PAGE = `<!doctype html>
<html lang="en">
<title>Sign in</title>
<form method="post">
<label>Who are you? <input name="login" autocomplete="username" required></label>
<button>Sign in</button>
</form>
`

function lifeOf(issuer: string, lifetime: number): TokenClaims {
  const now = Math.floor(Date.now() / 1000)
  return { iss: issuer, iat: now, nbf: now, exp: now + lifetime, jti: randomBytes(12).toString('hex') }
}

function signToken(key: KeyObject, claims: TokenClaims, header: Readonly<Record<string, unknown>> = {}): string {
  const parts = [{ alg: 'RS256', typ: 'JWT', kid: KEY_ID, ...header }, claims]
  const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key).toString('base64url')}`
}
