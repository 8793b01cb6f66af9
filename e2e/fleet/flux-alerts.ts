import { createHmac } from 'node:crypto'
import type { ReceivedRequest } from '../estate/audit-sink/audit-sink.ts'

/** What Flux sends for an event (event.toolkit.fluxcd.io/v1beta1). */
export interface FluxAlert {
  readonly involvedObject: {
    readonly kind: string
    readonly namespace: string
    readonly name: string
    readonly uid: string
  }
  readonly severity: 'info' | 'error'
  /** RFC 3339, whole seconds. */
  readonly timestamp: string
  readonly message: string
  readonly reason: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly reportingController: string
}

export function alertOf({ body }: Pick<ReceivedRequest, 'body'>): FluxAlert {
  return JSON.parse(body.toString('utf8')) as FluxAlert
}

/** Whether the header `X-Signature` is the HMAC of the body with this token, as a `generic-hmac` provider makes it. */
export function isSignedWith(token: string, { headers, body }: Pick<ReceivedRequest, 'headers' | 'body'>): boolean {
  return headers['x-signature'] === `sha256=${createHmac('sha256', token).update(body).digest('hex')}`
}
