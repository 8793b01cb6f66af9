import type { VerifiedLines } from '../../workflows/ports/object-verifier.ts'
import type { ProblemCode } from '../../workflows/problem.ts'

export type ToThread =
  | { readonly kind: 'run'; readonly number: number; readonly ids: readonly string[] }
  | { readonly kind: 'finish' }

/** `code` is null for what is our own fault. Errors cross as text: a structured clone would lose their class. */
export type FromThread =
  | { readonly kind: 'done'; readonly number: number; readonly outcome: VerifiedLines }
  | { readonly kind: 'failed'; readonly number: number; readonly code: ProblemCode | null; readonly message: string }
