import { isIP } from 'node:net'
import { Problem } from '../../../workflows/problem.ts'
import { isObjectPart } from '../object-path.ts'

/** Where objects are in an S3 service, and how to speak to it. */
export interface S3Place {
  readonly bucket: string
  /** What the key of every object begins with: nothing, or whole parts with a slash behind each. */
  readonly prefix: string
  /** Null for AWS itself. */
  readonly endpoint: string | null
  /** Null for `us-east-1` with an endpoint, and without one for the region that the environment names. */
  readonly region: string | null
  /** Whether the bucket is named in the path rather than in the host. */
  readonly pathStyle: boolean
  /** The AWS account that must own the bucket, as twelve digits; null for any. */
  readonly owner: string | null
}

/**
 * Reads the URL of an object store: `s3://BUCKET/PREFIX?endpoint=https://HOST:PORT&region=REGION`.
 *
 * Further parameters: `path-style` (`true` or `false`; true by default with an endpoint, as most servers other than AWS need it),
 * `plain-http` (`true` lets an endpoint on another machine be spoken to without TLS) and `owner` (the account that must own the
 * bucket). Credentials never belong into it. Throws {@link Problem} `object_url_malformed`, whose message quotes nothing but the name
 * of a parameter.
 */
export function readObjectStoreUrl(text: string): S3Place {
  const [, rest = ''] = /^s3:\/\/(.*)$/s.exec(text) ?? [undefined, undefined]
  if (rest === '') throw malformed('does not begin with s3:// and a bucket')
  const [, place = '', query = ''] = /^([^?#]*)(?:\?([^#]*))?$/s.exec(rest) ?? [undefined, '@']
  if (place.includes('@'))
    throw malformed('holds a user or a password, or cannot be read; credentials come from the environment')
  const [bucket = '', ...prefix] = place.replace(/\/$/, '').split('/')
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) || bucket.includes('..') || isIP(bucket) !== 0) {
    throw malformed('names no bucket: 3 to 63 of a-z, 0-9, dot and dash')
  }
  const prefixText = prefix.map((part) => `${part}/`).join('')
  if (!prefix.every(isObjectPart) || prefixText.length > MAX_PREFIX) {
    throw malformed('has a prefix that is not parts of [A-Za-z0-9._-], none beginning with a dot')
  }
  const asked = parametersOf(query)
  const endpoint = endpointOf(asked)
  return {
    bucket,
    prefix: prefixText,
    endpoint,
    region: matching(asked, 'region', /^[a-z0-9-]{1,40}$/),
    pathStyle: flag(asked, 'path-style') ?? endpoint !== null,
    owner: matching(asked, 'owner', /^[0-9]{12}$/),
  }
}

/** What is left of the 1,024 bytes of a key beside the longest path. */
const MAX_PREFIX = 500
const PARAMETERS = ['endpoint', 'region', 'path-style', 'plain-http', 'owner']

function parametersOf(query: string): ReadonlyMap<string, string> {
  const asked = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(query)) {
    if (!PARAMETERS.includes(name)) throw malformed(`has a parameter that is none of ${PARAMETERS.join(', ')}`)
    if (asked.has(name)) throw malformed(`names ${name} twice`)
    asked.set(name, value)
  }
  return asked
}

function endpointOf(asked: ReadonlyMap<string, string>): string | null {
  const mayBePlain = flag(asked, 'plain-http') === true
  const text = asked.get('endpoint')
  if (text === undefined) return null
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw malformed('has an endpoint that is no http or https URL')
  if (url.username !== '' || url.password !== '') throw malformed('has an endpoint with a user or a password')
  if (url.search !== '' || url.hash !== '' || url.pathname !== '/') {
    throw malformed('has an endpoint with more than a scheme, a host and a port')
  }
  if (url.protocol === 'http:' && !isThisMachine(url.hostname) && !mayBePlain) {
    throw malformed('has an endpoint on another machine without TLS: use https, or add plain-http=true')
  }
  return url.origin
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'))
}

function matching(asked: ReadonlyMap<string, string>, name: string, form: RegExp): string | null {
  const value = asked.get(name)
  if (value !== undefined && !form.test(value)) throw malformed(`has a ${name} that cannot be one`)
  return value ?? null
}

function flag(asked: ReadonlyMap<string, string>, name: string): boolean | null {
  const value = asked.get(name)
  if (value !== undefined && value !== 'true' && value !== 'false')
    throw malformed(`has a ${name} that is not true or false`)
  return value === undefined ? null : value === 'true'
}

function malformed(why: string): Problem {
  return new Problem('object_url_malformed', `the URL of the object store ${why}`)
}
