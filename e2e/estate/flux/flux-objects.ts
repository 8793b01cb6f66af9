import { conditionOf, type LiveObject, type ObjectRef } from '../kubernetes/kubernetes-object.ts'
import type { KubernetesUser } from '../kubernetes/start-kubernetes.ts'
import { FLUX_NAMESPACE } from './flux-accounts.ts'

const VERSIONS = {
  GitRepository: 'source.toolkit.fluxcd.io/v1',
  OCIRepository: 'source.toolkit.fluxcd.io/v1',
  HelmRepository: 'source.toolkit.fluxcd.io/v1',
  HelmChart: 'source.toolkit.fluxcd.io/v1',
  Bucket: 'source.toolkit.fluxcd.io/v1',
  Kustomization: 'kustomize.toolkit.fluxcd.io/v1',
  HelmRelease: 'helm.toolkit.fluxcd.io/v2',
  Provider: 'notification.toolkit.fluxcd.io/v1beta3',
  Alert: 'notification.toolkit.fluxcd.io/v1beta3',
  Receiver: 'notification.toolkit.fluxcd.io/v1',
} as const

/** A kind of object that Flux reconciles. */
export type FluxKind = keyof typeof VERSIONS

/** An object of Flux, as its controllers keep it. */
export interface FluxObject extends LiveObject {
  readonly spec: Readonly<Record<string, unknown>> & { readonly suspend?: boolean }
  readonly status?: Readonly<Record<string, unknown>> & {
    readonly lastHandledReconcileAt?: string
    readonly lastAppliedRevision?: string
    readonly lastAttemptedRevision?: string
    readonly artifact?: { readonly revision: string; readonly digest: string; readonly url: string }
  }
}

export interface WaitOptions {
  readonly namespace?: string
  /** A commit id that the object must have come to, beside being ready. */
  readonly revision?: string
  readonly withinMs?: number
}

const WITHIN_MS = 60_000

/** What people do to Flux's objects with its command line, as one user of the cluster. */
export class FluxObjects {
  readonly #user: KubernetesUser

  constructor(user: KubernetesUser) {
    this.#user = user
  }

  /** The same, done by somebody else: whose name the cluster's audit then has. */
  as(user: KubernetesUser): FluxObjects {
    return new FluxObjects(user)
  }

  async get(kind: FluxKind, name: string, namespace?: string): Promise<FluxObject | null> {
    return await this.#user.client.get<FluxObject>(refOf(kind, name, namespace))
  }

  /** The object once its controller calls it ready as it is now. Rejects with `EstateError` `condition_not_met` and its status. */
  async waitReady(kind: FluxKind, name: string, options: WaitOptions = {}): Promise<FluxObject> {
    const { namespace, revision, withinMs = WITHIN_MS } = options
    const wanted = revision === undefined ? 'ready' : `ready at ${revision}`
    return await this.#user.client.until<FluxObject>(
      refOf(kind, name, namespace),
      wanted,
      (object) =>
        conditionOf(object, 'Ready')?.status === 'True' &&
        (revision === undefined || (revisionOf(object)?.endsWith(revision) ?? false)),
      withinMs,
    )
  }

  /**
   * Asks for a reconciliation now and resolves with the object when its controller has dealt with that, well or not. A suspended
   * object is dealt with by noting that it was asked, and doing nothing.
   */
  async reconcile(kind: FluxKind, name: string, options: Omit<WaitOptions, 'revision'> = {}): Promise<FluxObject> {
    const { namespace, withinMs = WITHIN_MS } = options
    const at = new Date().toISOString()
    await this.#patch(kind, name, namespace, { metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': at } } })
    return await this.#user.client.until<FluxObject>(
      refOf(kind, name, namespace),
      'reconciled',
      ({ status }) => status?.lastHandledReconcileAt === at,
      withinMs,
    )
  }

  async suspend(kind: FluxKind, name: string, namespace?: string): Promise<void> {
    await this.#patch(kind, name, namespace, { spec: { suspend: true } })
  }

  async resume(kind: FluxKind, name: string, namespace?: string): Promise<void> {
    await this.#patch(kind, name, namespace, { spec: { suspend: false } })
  }

  async #patch(kind: FluxKind, name: string, namespace: string | undefined, patch: unknown): Promise<void> {
    await this.#user.client.patch(refOf(kind, name, namespace), patch, { fieldManager: 'flux' })
  }
}

/** What a source holds, or what was applied last: `main@sha1:…`. */
export function revisionOf({ status }: FluxObject): string | null {
  return status?.lastAppliedRevision ?? status?.artifact?.revision ?? null
}

function refOf(kind: FluxKind, name: string, namespace = FLUX_NAMESPACE): ObjectRef {
  return { apiVersion: VERSIONS[kind], kind, name, namespace }
}
