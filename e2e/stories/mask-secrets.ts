/** What stands in a recording where a secret stood. */
export const MASK = '***'

const SECRET_NAME =
  /^(?:authorization|cookie|set-cookie|password|passwd|token|secret|secretkey|client_secret|private_?key|access_token|id_token)$/i
const SECRET_TEXTS: readonly RegExp[] = [
  // A JSON Web Token.
  /\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]+/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----/gs,
  /(?<=\/\/)[^/\s:@"]+:[^/\s@"]+(?=@)/g,
  /(?<=\b(?:Bearer|Basic) )[\w.+/=-]{8,}/g,
]

/**
 * A copy of anything that JSON can hold, without secrets: fields with a telling name, texts of a telling form, the data of
 * Kubernetes Secrets, and each of the `known` texts wherever it stands.
 */
export function maskSecrets(value: unknown, known: readonly string[] = []): unknown {
  if (typeof value === 'string') return maskText(value, known)
  if (Array.isArray(value)) return value.map((item) => maskSecrets(item, known))
  if (typeof value !== 'object' || value === null) return value
  const isSecret = 'kind' in value && value.kind === 'Secret'
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => {
      if (isSecret && (name === 'data' || name === 'stringData')) return [name, maskFields(field)]
      return [name, SECRET_NAME.test(name) && typeof field === 'string' ? MASK : maskSecrets(field, known)]
    }),
  )
}

/** A text without secrets. */
export function maskText(text: string, known: readonly string[] = []): string {
  const masked = SECRET_TEXTS.reduce((rest, pattern) => rest.replaceAll(pattern, MASK), text)
  return known.filter((secret) => secret !== '').reduce((rest, secret) => rest.replaceAll(secret, MASK), masked)
}

function maskFields(fields: unknown): unknown {
  if (typeof fields !== 'object' || fields === null) return MASK
  return Object.fromEntries(Object.keys(fields).map((name) => [name, MASK]))
}
