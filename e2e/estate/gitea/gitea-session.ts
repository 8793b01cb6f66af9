import { GiteaError } from './gitea-client.ts'

/**
 * Signs in as people do, on the web page, and sends one form there: for what the API cannot do.
 *
 * Rejects with {@link GiteaError} where Gitea shows the form again, with what the page says.
 */
export async function signInAndPost(
  url: string,
  { login, password }: { readonly login: string; readonly password: string },
  path: string,
  form: Readonly<Record<string, string>>,
): Promise<void> {
  const signedIn = await post(`${url}/user/login`, { user_name: login, password }, '')
  if (!isRedirect(signedIn)) throw await refusal('/user/login', signedIn)
  const answer = await post(`${url}${path}`, form, cookiesOf(signedIn).join('; '))
  const next = answer.headers.get('location') ?? ''
  if (!isRedirect(answer) || next.startsWith('/user/login')) throw await refusal(path, answer)
  // What went wrong is told on the page that comes next, by way of a cookie.
  const told = cookiesOf(answer).find((cookie) => /^gitea_flash=.*error/i.test(cookie))
  if (told !== undefined) throw new GiteaError(`POST ${path}`, answer.status, decodeURIComponent(told))
}

function isRedirect({ status }: Response): boolean {
  return status === 302 || status === 303
}

/** The cookies that a browser would send next: of two with one name, the later. */
function cookiesOf(response: Response): readonly string[] {
  const pairs = response.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0] ?? '')
  return [...new Map(pairs.map((pair) => [pair.split('=', 1)[0], pair])).values()]
}

function post(address: string, form: Readonly<Record<string, string>>, cookie: string): Promise<Response> {
  return fetch(address, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...(cookie === '' ? {} : { cookie }) },
    body: new URLSearchParams(form).toString(),
  })
}

async function refusal(path: string, response: Response): Promise<GiteaError> {
  const page = await response.text()
  const said = /class="[^"]*flash-error[^"]*"[^>]*>\s*<p>(.*?)<\/p>/s.exec(page)?.[1] ?? page.slice(0, 200)
  return new GiteaError(`POST ${path}`, response.status, said.replaceAll(/<[^>]*>/g, '').trim())
}
