import { EstateError } from '../estate-error.ts'
import { type ApiAccess, ApiConnection, ApiRefusal } from './api-connection.ts'
import type { KindRef, LiveObject, ObjectRef, WatchEvent, WrittenObject } from './kubernetes-object.ts'

export interface ApplyOptions {
  /** Who is named as the owner of the fields; `estate` when not given. */
  readonly fieldManager?: string
  /** Takes fields over that others own; true when not given. */
  readonly force?: boolean
}

export interface WatchOptions {
  readonly fieldSelector?: string
  readonly labelSelector?: string
  /** Watches what comes after it; without it, what is there comes first, as ADDED. */
  readonly resourceVersion?: string
  readonly signal?: AbortSignal
}

/** How a patch is written: https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply */
export type PatchType = 'merge' | 'json' | 'strategic-merge'

export interface PatchOptions {
  readonly type?: PatchType
  readonly subresource?: string
  readonly fieldManager?: string
}

interface ServedKind {
  readonly kind: string
  readonly plural: string
  readonly isNamespaced: boolean
}

const UNTIL_MS = 30_000

/**
 * A Kubernetes API as one identity sees it. Everything rejects with `ApiRefusal` where the server says no, and with
 * {@link EstateError} `request_failed` where there is no answer.
 */
export class KubernetesClient {
  readonly #connection: ApiConnection
  readonly #served = new Map<string, readonly ServedKind[]>()

  constructor(access: ApiAccess) {
    this.#connection = new ApiConnection(access)
  }

  /** The object; null where there is none. */
  async get<T extends LiveObject = LiveObject>(ref: ObjectRef): Promise<T | null> {
    const path = await this.#pathOf(ref)
    try {
      return (await this.#connection.ask({ method: 'GET', path })) as T
    } catch (error) {
      if (error instanceof ApiRefusal && error.reason === 'NotFound') return null
      throw error
    }
  }

  async list<T extends LiveObject = LiveObject>(kind: KindRef, labelSelector?: string): Promise<readonly T[]> {
    const query = labelSelector === undefined ? '' : `?${new URLSearchParams({ labelSelector })}`
    const path = `${await this.#collectionOf(kind)}${query}`
    const { items } = (await this.#connection.ask({ method: 'GET', path })) as { readonly items: readonly T[] }
    // The items of a list do not say what they are.
    return items.map((item) => ({ ...item, apiVersion: kind.apiVersion, kind: kind.kind }))
  }

  /** Server-side apply: creates the object or changes the fields that are given. */
  async apply<T extends LiveObject = LiveObject>(object: WrittenObject, options: ApplyOptions = {}): Promise<T> {
    return await this.applyText<T>(refOf(object), JSON.stringify(object), options)
  }

  /** As {@link apply}, with the object as it is in its file, YAML or JSON. */
  async applyText<T extends LiveObject = LiveObject>(
    ref: ObjectRef,
    body: string,
    options: ApplyOptions = {},
  ): Promise<T> {
    const { fieldManager = 'estate', force = true } = options
    const path = `${await this.#pathOf(ref)}?${new URLSearchParams({ fieldManager, force: String(force) })}`
    return (await this.#connection.ask({
      method: 'PATCH',
      path,
      body,
      contentType: 'application/apply-patch+yaml',
    })) as T
  }

  async create<T extends LiveObject = LiveObject>(object: WrittenObject): Promise<T> {
    const path = await this.#collectionOf(await this.#placed(refOf(object)))
    return (await this.#connection.ask({ method: 'POST', path, body: object })) as T
  }

  /** Changes an object, or its `status` and the like where a subresource is named. */
  async patch<T extends LiveObject = LiveObject>(
    ref: ObjectRef,
    patch: unknown,
    { type = 'merge', subresource, fieldManager }: PatchOptions = {},
  ): Promise<T> {
    const query = fieldManager === undefined ? '' : `?${new URLSearchParams({ fieldManager })}`
    const path = `${await this.#pathOf(ref)}${subresource === undefined ? '' : `/${subresource}`}${query}`
    const contentType = `application/${type}-patch+json`
    return (await this.#connection.ask({ method: 'PATCH', path, body: patch, contentType })) as T
  }

  /** Asks for the removal; an object with finalizers stays for a while. */
  async delete(ref: ObjectRef): Promise<void> {
    await this.#connection.ask({ method: 'DELETE', path: await this.#pathOf(ref) })
  }

  /** Asks for a path of the API as it is, for what has no verb here. */
  async raw(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown> {
    return await this.#connection.ask({ method, path, ...(body === undefined ? {} : { body }) })
  }

  /** What happens to objects of a kind, from now on. Ends when the server ends it, which it does after some minutes. */
  async *watch<T extends LiveObject = LiveObject>(
    kind: KindRef,
    options: WatchOptions = {},
  ): AsyncGenerator<WatchEvent<T>> {
    const { signal, ...selection } = options
    const path = `${await this.#collectionOf(kind)}?${new URLSearchParams({ watch: 'true', ...selection })}`
    const response = await this.#connection.open({ method: 'GET', path, ...(signal === undefined ? {} : { signal }) })
    try {
      for await (const line of linesOf(response)) {
        const event = JSON.parse(line) as WatchEvent<T> | { readonly type: 'ERROR'; readonly object: unknown }
        if (event.type === 'ERROR') throw new ApiRefusal({ method: 'GET', path }, 410, event.object)
        yield event
      }
    } catch (error) {
      if (signal?.aborted) return
      if (error instanceof ApiRefusal) throw error
      throw new EstateError('request_failed', `the watch of ${path} broke off: ${String(error)}`, { cause: error })
    } finally {
      response.destroy()
    }
  }

  /**
   * The object once it is as wanted: a state that lasted too short for a look at intervals is seen too.
   * Rejects with {@link EstateError} `condition_not_met` and the last state after 30 s, or `withinMs`.
   */
  async until<T extends LiveObject = LiveObject>(
    ref: ObjectRef,
    wanted: string,
    isAsWanted: (object: T) => boolean,
    withinMs = UNTIL_MS,
  ): Promise<T> {
    const seen = await this.#follow<T>(ref, (event) => event.type !== 'DELETED' && isAsWanted(event.object), withinMs)
    if (seen.isMet) return seen.last as T
    const state = seen.last === null ? 'it is not there' : JSON.stringify(seen.last['status'] ?? seen.last)
    throw new EstateError('condition_not_met', `${nameOf(ref)} is not ${wanted} after ${withinMs} ms: ${state}`)
  }

  /** Resolves once the object is not there. Rejects as {@link until} does. */
  async untilGone(ref: ObjectRef, withinMs = UNTIL_MS): Promise<void> {
    const deadline = performance.now() + withinMs
    while ((await this.get(ref)) !== null) {
      const left = deadline - performance.now()
      if (left <= 0) throw new EstateError('condition_not_met', `${nameOf(ref)} is still there after ${withinMs} ms`)
      await this.#follow(ref, ({ type }) => type === 'DELETED', Math.min(left, 500))
    }
  }

  close(): void {
    this.#connection.close()
  }

  async #follow<T extends LiveObject>(
    ref: ObjectRef,
    isMet: (event: WatchEvent<T>) => boolean,
    withinMs: number,
  ): Promise<{ readonly isMet: boolean; readonly last: T | null }> {
    const signal = AbortSignal.timeout(Math.ceil(withinMs))
    const selection = { fieldSelector: `metadata.name=${ref.name}`, signal }
    let last: T | null = null
    while (!signal.aborted) {
      try {
        for await (const event of this.watch<T>(await this.#placed(ref), selection)) {
          last = event.type === 'DELETED' ? null : event.object
          if (isMet(event)) return { isMet: true, last }
        }
      } catch (error) {
        if (!signal.aborted) throw error
      }
    }
    return { isMet: false, last }
  }

  async #pathOf(ref: ObjectRef): Promise<string> {
    return `${await this.#collectionOf(await this.#placed(ref))}/${encodeURIComponent(ref.name)}`
  }

  async #placed<R extends KindRef>(ref: R): Promise<R> {
    const { isNamespaced } = await this.#find(ref)
    return isNamespaced ? { ...ref, namespace: ref.namespace ?? 'default' } : ref
  }

  async #collectionOf(ref: KindRef): Promise<string> {
    const { plural, isNamespaced } = await this.#find(ref)
    const scope = isNamespaced && ref.namespace !== undefined ? `/namespaces/${ref.namespace}` : ''
    return `${groupPath(ref.apiVersion)}${scope}/${plural}`
  }

  async #find({ apiVersion, kind }: KindRef): Promise<ServedKind> {
    const known = this.#served.get(apiVersion)?.find((one) => one.kind === kind)
    if (known !== undefined) return known
    const { resources } = (await this.#connection.ask({ method: 'GET', path: groupPath(apiVersion) })) as {
      readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[]
    }
    const served = resources
      .filter(({ name }) => !name.includes('/'))
      .map(({ name, kind, namespaced }) => ({ kind, plural: name, isNamespaced: namespaced }))
    this.#served.set(apiVersion, served)
    const found = served.find((one) => one.kind === kind)
    if (found === undefined) throw new EstateError('request_failed', `the cluster serves no ${kind} of ${apiVersion}`)
    return found
  }
}

/** Not `node:readline`: where the reader leaves early, its iterator rejects with nobody there to catch it. */
async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines.filter((line) => line !== '')
  }
}

function groupPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
}

function refOf({ apiVersion, kind, metadata: { name, namespace } }: WrittenObject): ObjectRef {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) }
}

function nameOf({ kind, namespace, name }: ObjectRef): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
}
