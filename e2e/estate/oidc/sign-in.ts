import { createHash, randomBytes } from 'node:crypto'
import type { OidcClient } from './oidc.ts'

/** What a client has after somebody signed in. */
export interface SignedIn {
  readonly id_token: string
  readonly access_token: string
  readonly token_type: string
  readonly expires_in: number
  readonly scope: string
}

const MOST_STEPS = 10

/**
 * Does what a browser and a client do together: authorization code flow with PKCE, by the page that people sign in on.
 *
 * Rejects where the provider refuses, with what it says.
 */
export async function signInAs(
  issuer: string,
  client: OidcClient,
  login: string,
  scope = 'openid email profile groups',
): Promise<SignedIn> {
  const verifier = randomBytes(32).toString('base64url')
  const [redirect = ''] = client.redirectUris
  const asked = new URL(`${issuer}/auth`)
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const wish = { client_id: client.id, response_type: 'code', redirect_uri: redirect, scope, state: 'estate' }
  asked.search = new URLSearchParams({ ...wish, code_challenge: challenge, code_challenge_method: 'S256' }).toString()
  const code = await follow(asked, login, redirect)
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirect,
    code_verifier: verifier,
  })
  if (client.secret === undefined) form.set('client_id', client.id)
  const basic = Buffer.from(`${client.id}:${client.secret}`).toString('base64')
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: client.secret === undefined ? {} : { authorization: `Basic ${basic}` },
    body: form,
  })
  if (!response.ok) throw new Error(`no token: ${response.status} ${await response.text()}`)
  return (await response.json()) as SignedIn
}

/** Follows redirections, signing in on the way, until they lead to the client. Returns the code that it is brought. */
async function follow(start: URL, login: string, redirect: string): Promise<string> {
  const cookies = new Map<string, string>()
  let next = start
  let form: URLSearchParams | null = null
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response: Response = await fetch(next, {
      redirect: 'manual',
      headers: { cookie },
      ...(form === null ? {} : { method: 'POST', body: form }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (location === null) {
      if (form !== null || response.status !== 200)
        throw new Error(`not signed in: ${response.status} ${await response.text()}`)
      form = new URLSearchParams({ login })
      continue
    }
    form = null
    next = new URL(location, next)
    if (next.href.startsWith(redirect)) return codeOf(next)
  }
  throw new Error(`signing in took more than ${MOST_STEPS} steps`)
}

function codeOf({ searchParams }: URL): string {
  const code = searchParams.get('code')
  if (code === null) throw new Error(`refused: ${searchParams.get('error')}: ${searchParams.get('error_description')}`)
  return code
}
