/** What the demo's Deployment says; each change of the story changes one of these. */
export interface ShopDeployment {
  readonly image: string
  readonly replicas: number
  readonly memory: string
}

const FOLDER = 'apps/shop'

/** The manifests of a small application, as a GitOps controller would apply them. */
export function shopFiles(deployment: ShopDeployment): ReadonlyMap<string, string> {
  return new Map([
    [`${FOLDER}/kustomization.yaml`, KUSTOMIZATION],
    [`${FOLDER}/namespace.yaml`, NAMESPACE],
    [`${FOLDER}/service.yaml`, SERVICE],
    [`${FOLDER}/deployment.yaml`, deploymentYaml(deployment)],
  ])
}

const KUSTOMIZATION = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: shop
resources:
  - namespace.yaml
  - deployment.yaml
  - service.yaml
`

const NAMESPACE = `apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels:
    pod-security.kubernetes.io/enforce: restricted
`

const SERVICE = `apiVersion: v1
kind: Service
metadata:
  name: shop
spec:
  selector: { app: shop }
  ports:
    - { name: http, port: 80, targetPort: 8080 }
`

function deploymentYaml({ image, replicas, memory }: ShopDeployment): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  replicas: ${replicas}
  selector:
    matchLabels: { app: shop }
  template:
    metadata:
      labels: { app: shop }
    spec:
      securityContext: { runAsNonRoot: true }
      containers:
        - name: shop
          image: registry.example/shop:${image}
          ports: [{ containerPort: 8080 }]
          resources:
            requests: { cpu: 100m, memory: ${memory} }
            limits: { memory: ${memory} }
`
}
