/** Why the estate could not do what a test asked for. */
export type EstateErrorCode =
  | 'program_not_built'
  | 'program_not_ready'
  | 'program_exited'
  | 'program_failed'
  | 'build_failed'
  | 'build_tool_missing'
  | 'no_free_port'
  | 'request_failed'
  | 'condition_not_met'

/** A failure of the estate itself: of a program that it starts or builds, never of what is being tested. */
export class EstateError extends Error {
  override readonly name = 'EstateError'
  readonly code: EstateErrorCode

  /** `message` says what was seen and, where somebody can do something about it, what. */
  constructor(code: EstateErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options)
    this.code = code
  }
}
