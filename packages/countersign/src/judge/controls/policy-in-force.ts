import type { z } from 'zod'
import { Policy } from '../policy.ts'
import { CustomControls } from './custom-controls.ts'

/** A policy as it judges: the rules of `policy.yaml` and, where there is a `controls.yaml` beside it, the customer's own controls. */
export const PolicyInForce = Policy.extend({ controls: CustomControls.exactOptional() })
export type PolicyInForce = z.infer<typeof PolicyInForce>
