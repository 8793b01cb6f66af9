import { stringify } from 'yaml'

/** The clusters that the fleet runs on: a folder below `clusters/` and a namespace each. */
export type ClusterName = 'staging' | 'production'

/** What the shop is told in one cluster; each change of a story changes one of these. */
export interface ShopSettings {
  readonly greeting: string
  readonly image: string
  readonly replicas: number
}

export const FIRST_SETTINGS: ShopSettings = { greeting: 'hello', image: '1.0.0', replicas: 2 }

/** The namespace that the shop has in a cluster. */
export function namespaceOf(cluster: ClusterName): string {
  return `shop-${cluster}`
}

/** The folder of a cluster, as reconcilers are told it. */
export function folderOf(cluster: ClusterName): string {
  return `clusters/${cluster}`
}

/** The manifests of the shop in one cluster: objects that are live without a kubelet, and a kustomization that lists them. */
export function shopFiles(cluster: ClusterName, settings: ShopSettings): ReadonlyMap<string, string> {
  const namespace = namespaceOf(cluster)
  const objects = {
    namespace: namespaceObject(namespace),
    settings: configMap(settings),
    service: SERVICE,
    deployment: deployment(settings),
  }
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    namespace,
    resources: Object.keys(objects).map((name) => `${name}.yaml`),
  }
  const all = Object.entries({ kustomization, ...objects })
  return new Map(all.map(([name, object]) => [`${folderOf(cluster)}/${name}.yaml`, yaml(object)]))
}

/** A Helm chart that makes one ConfigMap, `RELEASE-banner`. */
export function bannerChart(version: string, text: string): ReadonlyMap<string, string> {
  const chart = { apiVersion: 'v2', name: 'banner', version, description: 'A line of text above the shop.' }
  return new Map([
    [`${BANNER_CHART}/Chart.yaml`, yaml(chart)],
    [`${BANNER_CHART}/values.yaml`, yaml({ text })],
    [`${BANNER_CHART}/templates/banner.yaml`, BANNER_TEMPLATE],
  ])
}

export const BANNER_CHART = 'charts/banner'

/** A folder with a plain manifest and nothing else: no kustomization, no namespace. */
export function noticeFiles(text: string): ReadonlyMap<string, string> {
  const notice = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'notice' }, data: { text } }
  return new Map([[`${NOTICES}/notice.yaml`, yaml(notice)]])
}

export const NOTICES = 'notices'

const BANNER_TEMPLATE = `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-banner
  namespace: {{ .Release.Namespace }}
data:
  text: {{ .Values.text | quote }}
`

const LABELS = { app: 'shop' }
const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'shop' },
  spec: { selector: LABELS, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
}

/** A Service that an API server refuses: its port is none. */
export function refusedService(): string {
  return yaml({ ...SERVICE, spec: { ...SERVICE.spec, ports: [{ name: 'http', port: 99_999, targetPort: 8080 }] } })
}

function namespaceObject(name: string): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
}

function configMap({ greeting }: ShopSettings): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'shop' }, data: { greeting } }
}

function deployment({ image, replicas }: ShopSettings): object {
  const container = { name: 'shop', image: `registry.example/shop:${image}`, ports: [{ containerPort: 8080 }] }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'shop' },
    spec: {
      replicas,
      selector: { matchLabels: LABELS },
      template: { metadata: { labels: LABELS }, spec: { containers: [container] } },
    },
  }
}

function yaml(value: object): string {
  return stringify(value, { lineWidth: 0 })
}
