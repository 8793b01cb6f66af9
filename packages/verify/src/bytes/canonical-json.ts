/** A value that JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * The one spelling of a JSON value: keys sorted by UTF-16 code unit, no white space, ECMAScript number and string forms
 * (RFC 8785, restricted to safe integers). Throws `TypeError` for a number that is not a safe integer, for `undefined`
 * members and for anything that JSON cannot say, so that a digest never covers a value that was silently changed.
 */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('a string with a lone surrogate has no canonical form')
    return JSON.stringify(value)
  }
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new TypeError(`${value} has no canonical form`)
    return String(value)
  }
  // Not value.map, which leaves out what a sparse array does not hold.
  if (isArray(value)) return `[${Array.from(value, canonicalJson).join(',')}]`
  if (!isPlainObject(value)) throw new TypeError(`${typeof value} has no canonical form`)
  const members = Object.keys(value)
    .sort()
    .map((key) => `${canonicalJson(key)}:${canonicalJson(value[key] as Json)}`)
  return `{${members.join(',')}}`
}

const isArray = (value: Json): value is readonly Json[] => Array.isArray(value)

/** A Date or a Map would be written as an empty object: only objects that are nothing more have a form. */
function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
