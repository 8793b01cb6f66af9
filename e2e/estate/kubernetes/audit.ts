import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What an API server tells of the requests that it served, and to whom. */
export interface AuditSettings {
  /** Gets every batch of events by POST, as an `EventList` of audit.k8s.io/v1. */
  readonly webhook: string
  /** Which requests, in which detail; {@link AUDIT_POLICY} when not given. */
  readonly policy?: object
  /** `batch`: the API server does not wait for the webhook, and loses events when its buffer is full. */
  readonly mode?: 'batch' | 'blocking' | 'blocking-strict'
}

/** Every change with what was asked for and what came of it; of secrets and tokens only that they were touched. */
export const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', verbs: ['get', 'list', 'watch'] },
    {
      level: 'None',
      resources: [
        { group: '', resources: ['events'] },
        { group: 'events.k8s.io', resources: ['events'] },
        { group: 'coordination.k8s.io', resources: ['leases'] },
        { group: 'authentication.k8s.io' },
        { group: 'authorization.k8s.io' },
      ],
    },
    { level: 'Metadata', resources: [{ group: '', resources: ['secrets', 'serviceaccounts/token'] }] },
    { level: 'RequestResponse' },
  ],
} as const

/** Writes policy and webhook configuration; returns the flags that name them. */
export async function auditFlags(
  folder: string,
  { webhook, policy, mode = 'batch' }: AuditSettings,
): Promise<readonly string[]> {
  const [policyFile, webhookFile] = [join(folder, 'audit-policy.json'), join(folder, 'audit-webhook.json')]
  await writeFile(policyFile, JSON.stringify(policy ?? AUDIT_POLICY))
  await writeFile(
    webhookFile,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'audit', cluster: { server: webhook } }],
      users: [{ name: 'audit', user: {} }],
      contexts: [{ name: 'audit', context: { cluster: 'audit', user: 'audit' } }],
      'current-context': 'audit',
    }),
  )
  return [
    `--audit-policy-file=${policyFile}`,
    `--audit-webhook-config-file=${webhookFile}`,
    `--audit-webhook-mode=${mode}`,
    '--audit-webhook-initial-backoff=500ms',
    // Its default of 30 s would be most of a test's time.
    ...(mode === 'batch'
      ? ['--audit-webhook-batch-max-wait=100ms', '--audit-webhook-batch-throttle-enable=false']
      : []),
  ]
}
