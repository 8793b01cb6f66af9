/** What a witness remembers could not be read or kept. It then signs nothing. */
export class WitnessStateError extends Error {
  override readonly name = 'WitnessStateError'
  readonly code: 'schema_newer' | 'witness_state_corrupt' | 'witness_state_unavailable' | 'disk_full'

  constructor(code: WitnessStateError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * Remembers, for each log that a witness knows, the newest checkpoint that it cosigned: the signed note with the witness's own
 * cosignature. Whoever loses or rewinds it makes the witness forget, and a witness that forgets can be shown a fork. Every method
 * rejects with a {@link WitnessStateError}.
 */
export interface WitnessState {
  /** The name under which this witness signs; null for one that has none yet and has signed nothing. */
  name(): Promise<string | null>

  /** Gives the witness its name, unless it has one. Resolves with the name that it then has. */
  signsAs(name: string): Promise<string>

  /** The newest note of the log with this origin line; null when it never cosigned any. */
  latest(origin: string): Promise<string | null>

  /**
   * Puts `to` in the place of `from`, and resolves with true once that is durable. Resolves with false, and changes nothing, when
   * something else than `from` is there: of several that replace the same note, in this process or another, exactly one gets true.
   */
  replace(origin: string, from: string | null, to: string): Promise<boolean>

  close(): Promise<void>
}
