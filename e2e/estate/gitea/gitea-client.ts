/** One request to the API and its answer, as they went over the wire; without the token. */
export interface GiteaExchange {
  readonly login: string
  readonly method: string
  /** Below `/api/v1`, with its query. */
  readonly path: string
  readonly status: number
  readonly answer: unknown
}

/** Gitea refused a request. The message is Gitea's own. */
export class GiteaError extends Error {
  override readonly name = 'GiteaError'
  readonly status: number
  /** What Gitea itself says about it. */
  readonly says: string

  constructor(request: string, status: number, says: string) {
    super(`Gitea answered ${request} with ${status}: ${says}`)
    this.status = status
    this.says = says
  }
}

/** Who asks, and how that is shown. */
export interface GiteaLogin {
  readonly url: string
  readonly login: string
  /** The value of the `Authorization` header. */
  readonly authorization: string
  readonly onExchange?: ((exchange: GiteaExchange) => void) | undefined
}

const PAGE = 50

/** The API of one Gitea, as one account sees it. */
export class GiteaClient {
  readonly #login: GiteaLogin

  constructor(login: GiteaLogin) {
    this.#login = login
  }

  get onExchange(): ((exchange: GiteaExchange) => void) | undefined {
    return this.#login.onExchange
  }

  /** Rejects with {@link GiteaError} for every answer that is not in the 200s. */
  async request<Answer = unknown>(method: string, path: string, body?: object): Promise<Answer> {
    const { url, login, authorization, onExchange } = this.#login
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization, accept: 'application/json', 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const answer = parse(text)
    onExchange?.({ login, method, path, status: response.status, answer })
    if (!response.ok) throw new GiteaError(`${method} ${path}`, response.status, messageOf(answer, text))
    return answer as Answer
  }

  get<Answer>(path: string): Promise<Answer> {
    return this.request<Answer>('GET', path)
  }

  post<Answer>(path: string, body: object = {}): Promise<Answer> {
    return this.request<Answer>('POST', path, body)
  }

  /** Every item of a list, page after page. */
  async list<Item>(path: string): Promise<readonly Item[]> {
    const items: Item[] = []
    for (let page = 1; ; page += 1) {
      const more = await this.get<readonly Item[]>(`${path}${path.includes('?') ? '&' : '?'}page=${page}&limit=${PAGE}`)
      items.push(...more)
      if (more.length < PAGE) return items
    }
  }
}

export function basicAuthorization(login: string, password: string): string {
  return `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text === '' ? null : text
  }
}

function messageOf(answer: unknown, text: string): string {
  if (typeof answer !== 'object' || answer === null) return text.trim()
  const { message, errors } = answer as { readonly message?: unknown; readonly errors?: unknown }
  const parts = [message, ...(Array.isArray(errors) ? errors : [])].filter((part) => typeof part === 'string')
  return parts.join('; ') || text.trim()
}
