import { FLUX_NAMESPACE } from '../estate/flux/flux-accounts.ts'
import type { BuiltObject, Named } from './built-object.ts'

const SOURCE = 'source.toolkit.fluxcd.io/v1'
const NOTIFICATION = 'notification.toolkit.fluxcd.io/v1beta3'

export interface GitSourceWish extends Named {
  readonly url: string
  readonly branch?: string
  /** How often Flux looks, as `1s`. */
  readonly interval?: string
  /** A Secret with `username` and `password`. */
  readonly secret?: string
}

/** Has Flux fetch a branch. */
export function gitRepository({
  name,
  namespace = FLUX_NAMESPACE,
  url,
  branch = 'main',
  interval = '1s',
  secret,
}: GitSourceWish): BuiltObject {
  return {
    apiVersion: SOURCE,
    kind: 'GitRepository',
    metadata: { name, namespace },
    spec: {
      url,
      interval,
      timeout: '20s',
      ref: { branch },
      ...(secret === undefined ? {} : { secretRef: { name: secret } }),
    },
  }
}

export interface KustomizationWish extends Named {
  /** The name of a GitRepository in the same namespace. */
  readonly source: string
  readonly path: string
  readonly interval?: string
  readonly prune?: boolean
  readonly isSuspended?: boolean
}

/** Has Flux apply a folder of a source. Readiness of what it applies is not waited for: nothing runs containers here. */
export function kustomization(wish: KustomizationWish): BuiltObject {
  const { name, namespace = FLUX_NAMESPACE, source, path, interval = '1s', prune = true, isSuspended = false } = wish
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name, namespace },
    spec: {
      sourceRef: { kind: 'GitRepository', name: source },
      path: `./${path}`,
      interval,
      retryInterval: interval,
      prune,
      wait: false,
      ...(isSuspended ? { suspend: true } : {}),
    },
  }
}

export interface HelmReleaseWish extends Named {
  /** The name of a GitRepository in the same namespace, and the chart's folder in it. */
  readonly source: string
  readonly chart: string
  readonly targetNamespace: string
  readonly values?: Readonly<Record<string, unknown>>
  readonly interval?: string
  /** Whether Flux puts right what somebody changed by hand; it says so in any case. */
  readonly drift?: 'enabled' | 'warn' | 'disabled'
}

/** Has Flux install a chart from a source. */
export function helmRelease(wish: HelmReleaseWish): BuiltObject {
  const {
    name,
    namespace = FLUX_NAMESPACE,
    source,
    chart,
    targetNamespace,
    values = {},
    interval = '1s',
    drift = 'enabled',
  } = wish
  return {
    apiVersion: 'helm.toolkit.fluxcd.io/v2',
    kind: 'HelmRelease',
    metadata: { name, namespace },
    spec: {
      interval,
      releaseName: name,
      targetNamespace,
      storageNamespace: targetNamespace,
      install: { createNamespace: true, disableWait: true },
      upgrade: { disableWait: true },
      driftDetection: { mode: drift },
      chart: {
        spec: { chart, interval, reconcileStrategy: 'Revision', sourceRef: { kind: 'GitRepository', name: source } },
      },
      values,
    },
  }
}

export interface AlertWish extends Named {
  /** Where events are sent, and the Secret with the `token` that signs them. */
  readonly address: string
  readonly secret: string
  /** What is told of: kinds whose every object in the namespace counts. */
  readonly kinds?: readonly string[]
}

/** Has Flux send events, signed with HMAC: the provider and the alert, to be applied in this order. */
export function signedAlert(wish: AlertWish): readonly BuiltObject[] {
  const {
    name,
    namespace = FLUX_NAMESPACE,
    address,
    secret,
    kinds = ['GitRepository', 'Kustomization', 'HelmRelease'],
  } = wish
  const metadata = { name, namespace }
  return [
    {
      apiVersion: NOTIFICATION,
      kind: 'Provider',
      metadata,
      spec: { type: 'generic-hmac', address, secretRef: { name: secret } },
    },
    {
      apiVersion: NOTIFICATION,
      kind: 'Alert',
      metadata,
      spec: {
        providerRef: { name },
        eventSeverity: 'info',
        eventSources: kinds.map((kind) => ({ kind, name: '*' })),
      },
    },
  ]
}
