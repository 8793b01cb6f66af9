import { BytesError } from '../bytes/byte-reader.ts'
import type { Json } from '../bytes/canonical-json.ts'
import { fromBase64, printable } from '../bytes/encoding.ts'
import { EvidenceError } from './evidence-error.ts'

/** Reads a JSON value as a `T`. Throws {@link EvidenceError} `malformed_document`; `at` says where the value stands. */
export type Shape<T> = (value: Json | undefined, at: string) => T

type Fields<T> = { readonly [K in keyof T]-?: Shape<T[K]> }

export const text: Shape<string> = (value, at) => (typeof value === 'string' ? value : refuse(at, 'text'))
export const integer: Shape<number> = (value, at) =>
  Number.isSafeInteger(value) ? Number(value) : refuse(at, 'integer')
export const count: Shape<number> = (value, at) => {
  const number = integer(value, at)
  return number >= 0 ? number : refuse(at, 'count')
}

/** Text of a form; `what` names the form in the message. */
export function matching(pattern: RegExp, what: string): Shape<string> {
  return (value, at) => (typeof value === 'string' && pattern.test(value) ? value : refuse(at, what))
}

export const digest = matching(/^[0-9a-f]{64}$/, 'SHA-256 in lower-case hex')
export const objectId = matching(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'object id')

/** An RFC 3339 time in UTC with whole seconds, as text. */
export const moment: Shape<string> = (value, at) => {
  const seconds = typeof value === 'string' ? secondsOf(value) : null
  return seconds === null ? refuse(at, 'time such as 2026-01-31T12:00:00Z') : (value as string)
}

/** Unix seconds of a time as {@link moment} takes it; null for any other text. */
export function secondsOf(time: string): number | null {
  const milliseconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(time) ? Date.parse(time) : Number.NaN
  // A day that the month does not have is read as one of the next month.
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString() !== time.replace('Z', '.000Z')) return null
  return milliseconds / 1000
}

export const base64: Shape<Uint8Array> = (value, at) => {
  try {
    return fromBase64(text(value, at))
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    return refuse(at, 'canonical base64')
  }
}

export function oneOf<const T extends string>(values: readonly T[]): Shape<T> {
  return (value, at) => values.find((one) => one === value) ?? refuse(at, `one of ${values.join(', ')}`)
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value, at) => (value === null ? null : shape(value, at))
}

/** A field that may be left out. {@link record} then leaves it out too. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, at) => (value === undefined ? undefined : shape(value, at))
}

export function list<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value, at) =>
    Array.isArray(value) ? value.map((one, index) => shape(one, `${at}.${index}`)) : refuse(at, 'list')
}

/** An object with these fields; any other field is a fault, unless `others` are to be ignored. */
export function record<T extends object>(fields: Fields<T>, others: 'refused' | 'ignored' = 'refused'): Shape<T> {
  const shapes: readonly (readonly [string, Shape<unknown>])[] = Object.entries(fields)
  return (value, at) => {
    if (!isObject(value)) return refuse(at, 'object')
    const stranger = Object.keys(value).find((key) => !Object.hasOwn(fields, key))
    if (stranger !== undefined && others === 'refused') return refuse(`${at}.${printable(stranger)}`, 'known field')
    const entries = shapes.map(([key, shape]) => {
      return [key, shape(Object.hasOwn(value, key) ? value[key] : undefined, `${at}.${key}`)]
    })
    return Object.fromEntries(entries.filter(([, field]) => field !== undefined))
  }
}

/** The first shape whose `key` field has the value's own: a union told apart by that field. */
export function variants<T extends object, K extends string>(
  key: K,
  shapes: { readonly [kind: string]: Shape<T> },
): Shape<T> {
  return (value, at) => {
    const kind = isObject(value) ? value[key] : undefined
    const shape = typeof kind === 'string' && Object.hasOwn(shapes, kind) ? shapes[kind] : undefined
    return shape === undefined ? refuse(`${at}.${key}`, `one of ${Object.keys(shapes).join(', ')}`) : shape(value, at)
  }
}

/** An object that is not looked into, at most 32 levels deep. */
export const opaque: Shape<{ readonly [key: string]: Json }> = (value, at) => {
  if (!isObject(value) || !isShallow(value, 32)) return refuse(at, 'object of at most 32 levels')
  return value
}

function isShallow(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((one) => isShallow(one, levels - 1))
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refuse(at: string, wanted: string): never {
  throw new EvidenceError('malformed_document', `${at} is not a ${wanted}`)
}
