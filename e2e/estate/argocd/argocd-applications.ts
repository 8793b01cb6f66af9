import { setTimeout as sleep } from 'node:timers/promises'
import { EstateError } from '../estate-error.ts'

/** What Argo CD says of an application; the parts that stories look at. */
export interface ApplicationState {
  readonly metadata: { readonly name: string; readonly resourceVersion: string }
  readonly spec: Readonly<Record<string, unknown>>
  readonly status?: {
    readonly sync?: { readonly status: string; readonly revision?: string; readonly revisions?: readonly string[] }
    readonly health?: { readonly status: string }
    readonly operationState?: {
      readonly phase: string
      readonly message?: string
      readonly operation: Readonly<Record<string, unknown>>
    }
    readonly history?: readonly { readonly id: number; readonly revision?: string; readonly deployedAt: string }[]
  }
}

const POLL_MS = 150
const WITHIN_MS = 60_000

/** The applications of one Argo CD, through the API of its server. All reject with {@link EstateError} `request_failed`. */
export class ArgocdApplications {
  readonly #url: string

  /** `url` is the server's own, without a slash at its end. */
  constructor(url: string) {
    this.#url = `${url}/api/v1/applications`
  }

  /** The application; null where there is none of that name. */
  async get(name: string, refresh?: 'normal' | 'hard'): Promise<ApplicationState | null> {
    const query = refresh === undefined ? '' : `?refresh=${refresh}`
    return (await this.#ask('GET', `/${name}${query}`)) as ApplicationState | null
  }

  /** Asks for a sync to the application's own target revision, or to another. */
  async sync(name: string, revision?: string): Promise<void> {
    await this.#ask('POST', `/${name}/sync`, revision === undefined ? {} : { revision })
  }

  /** Replaces the policy by which syncs start; null leaves them to people. */
  async setAutomation(
    name: string,
    automated: { readonly prune: boolean; readonly selfHeal: boolean } | null,
  ): Promise<void> {
    const patch = JSON.stringify({ spec: { syncPolicy: { automated } } })
    await this.#ask('PATCH', `/${name}`, { name, patch, patchType: 'merge' })
  }

  /** The application once it is as wanted. Rejects with {@link EstateError} `condition_not_met`, with its last state. */
  async until(
    name: string,
    wanted: string,
    isAsWanted: (state: ApplicationState) => boolean,
    withinMs = WITHIN_MS,
  ): Promise<ApplicationState> {
    const deadline = performance.now() + withinMs
    for (;;) {
      const state = await this.get(name)
      if (state !== null && isAsWanted(state)) return state
      if (performance.now() > deadline) {
        const last = JSON.stringify(state?.status ?? state)
        throw new EstateError('condition_not_met', `${name} is not ${wanted} after ${withinMs} ms; it says: ${last}`)
      }
      await sleep(POLL_MS)
    }
  }

  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (response.ok) return JSON.parse(text)
    if (method === 'GET' && response.status === 404) return null
    throw new EstateError('request_failed', `Argo CD answered ${method} ${path} with ${response.status}: ${text}`)
  }
}
