import type { AuditSink, ReceivedRequest } from './audit-sink.ts'

/** One audit event of a Kubernetes API server (`audit.k8s.io/v1`), as far as the tests read it. */
export interface AuditEvent {
  readonly auditID: string
  readonly level: string
  readonly stage: string
  readonly verb: string
  readonly requestURI: string
  readonly user: { readonly username: string; readonly groups?: readonly string[] }
  readonly impersonatedUser?: { readonly username: string }
  readonly userAgent?: string
  readonly objectRef?: {
    readonly resource?: string
    readonly namespace?: string
    readonly name?: string
    readonly apiGroup?: string
    readonly subresource?: string
  }
  readonly responseStatus?: { readonly code?: number }
  readonly requestObject?: unknown
  readonly responseObject?: unknown
  readonly requestReceivedTimestamp: string
  readonly stageTimestamp: string
  readonly annotations?: Readonly<Record<string, string>>
}

/** The events of one request of the audit webhook; none where it is no `EventList`. */
export function auditEventsOf({ body }: Pick<ReceivedRequest, 'body'>): readonly AuditEvent[] {
  const list = JSON.parse(body.toString('utf8')) as { readonly kind?: string; readonly items?: readonly AuditEvent[] }
  return list.kind === 'EventList' ? (list.items ?? []) : []
}

/** The first audit event that `wants` takes, received before or to come. Rejects with `NothingCameError` as `sink.until` does. */
export async function untilAudited(
  sink: AuditSink,
  what: string,
  wants: (event: AuditEvent) => boolean,
): Promise<AuditEvent> {
  const isWanted = (received: ReceivedRequest): boolean => auditEventsOf(received).some(wants)
  const request = await sink.until(isWanted, { what: `audit event of ${what}` })
  return auditEventsOf(request).find(wants) as AuditEvent
}
