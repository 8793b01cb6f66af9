/** Bytes that are not the Git object they are said to be. */
export class GitObjectError extends Error {
  override readonly name = 'GitObjectError'
  readonly code: 'missing_header' | 'bad_header' | 'bad_ident' | 'bad_tree' | 'too_large'

  constructor(code: GitObjectError['code'], message: string) {
    super(message)
    this.code = code
  }
}
