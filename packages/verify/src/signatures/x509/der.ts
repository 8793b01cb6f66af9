import { X509Error } from './x509-error.ts'

/** Identifier octets that X.509 and CMS use. */
export const BOOLEAN = 0x01
export const INTEGER = 0x02
export const BIT_STRING = 0x03
export const OCTET_STRING = 0x04
export const NULL = 0x05
export const OBJECT_IDENTIFIER = 0x06
export const ENUMERATED = 0x0a
export const UTC_TIME = 0x17
export const GENERALIZED_TIME = 0x18
export const SEQUENCE = 0x30
export const SET = 0x31

/** The identifier octet of a context-specific tag. */
export const constructed = (number: number): number => 0xa0 | number
export const primitive = (number: number): number => 0x80 | number

const INDEFINITE = 0x80
const MAX_BER_DEPTH = 6
const MAX_DER_DEPTH = 32
const CONSTRUCTED = 0x20
const MAX_OID_BYTES = 64

/** One element. `whole` is the encoding with its header, `body` without; both are views on the input. */
export interface Element {
  readonly tag: number
  readonly whole: Uint8Array
  readonly body: Uint8Array
}

/**
 * Reads DER (X.690 §10) from the front of its input: single-byte tags, definite lengths in the fewest bytes.
 *
 * Nothing recurses without bound: a format descends exactly as deep as its own grammar. Every method throws
 * {@link X509Error} with the code given at construction when the bytes are not what it asks for.
 */
export class DerReader {
  readonly #bytes: Uint8Array
  readonly #code: X509Error['code']
  #at = 0

  constructor(bytes: Uint8Array, code: X509Error['code']) {
    this.#bytes = bytes
    this.#code = code
  }

  /** The next element's tag; null at the end. */
  get next(): number | null {
    return this.#bytes[this.#at] ?? null
  }

  fail(message: string): never {
    throw new X509Error(this.#code, message)
  }

  any(): Element {
    const { start, end } = this.#header(this.#at)
    if (end === null) this.fail(`an indefinite length at offset ${this.#at}`)
    return this.#take(start, end, end)
  }

  element(tag: number): Element {
    if (this.next !== tag) this.fail(`expected tag ${tag} at offset ${this.#at}, found ${this.next ?? 'the end'}`)
    return this.any()
  }

  optional(tag: number): Element | null {
    return this.next === tag ? this.element(tag) : null
  }

  /** The inside of the next element, which has this tag. */
  enter(tag: number): DerReader {
    return this.inside(this.element(tag))
  }

  inside(element: Element): DerReader {
    return new DerReader(element.body, this.#code)
  }

  /** As {@link enter}, but also takes the indefinite length of BER, which gpgsm writes around the parts of a CMS message. */
  enterBer(tag: number): DerReader {
    if (this.next !== tag) this.fail(`expected tag ${tag} at offset ${this.#at}, found ${this.next ?? 'the end'}`)
    const { start, end } = this.#header(this.#at)
    if (end !== null) return this.inside(this.#take(start, end, end))
    const close = this.#endOfContents(start, 0)
    return this.inside(this.#take(start, close, close + 2))
  }

  /** Every remaining element, each of this tag. */
  *each(tag: number): Generator<Element> {
    while (this.next !== null) yield this.element(tag)
  }

  /** Passes over every remaining element; what is constructed must consist of whole elements, at every depth (X.690 §8.1.3). */
  skipNested(depth = 0): void {
    if (depth > MAX_DER_DEPTH) this.fail('elements nested too deep')
    while (this.next !== null) {
      const element = this.any()
      if ((element.tag & CONSTRUCTED) !== 0) this.inside(element).skipNested(depth + 1)
    }
  }

  /** A NULL, or nothing: how parameters that say nothing are written. */
  optionalNull(): void {
    if ((this.optional(NULL)?.body.length ?? 0) !== 0) this.fail('a NULL that holds something')
  }

  /** Everything that is left, as it stands. */
  rest(): Uint8Array {
    const rest = this.#bytes.subarray(this.#at)
    this.#at = this.#bytes.length
    return rest
  }

  end(): void {
    if (this.next !== null) this.fail(`${this.#bytes.length - this.#at} bytes too many`)
  }

  /** An OBJECT IDENTIFIER in dotted form. */
  oid(): string {
    const { body } = this.element(OBJECT_IDENTIFIER)
    if (body.length === 0 || body.length > MAX_OID_BYTES) this.fail('an object identifier of a strange length')
    const arcs: number[] = []
    let arc = 0
    let isFirstByte = true
    for (const byte of body) {
      if ((isFirstByte && byte === 0x80) || arc > 2 ** 40) this.fail('an object identifier that is not minimal')
      arc = arc * 128 + (byte & 0x7f)
      isFirstByte = byte < 0x80
      if (isFirstByte) {
        arcs.push(arc)
        arc = 0
      }
    }
    if (!isFirstByte) this.fail('an object identifier that ends too early')
    const [first = 0, ...rest] = arcs
    const root = Math.min(Math.floor(first / 40), 2)
    return [root, first - root * 40, ...rest].join('.')
  }

  /** The two's complement bytes of an INTEGER in minimal form. */
  integer(): Uint8Array {
    const { body } = this.element(INTEGER)
    const [first, second] = body
    const isPadded = second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))
    if (first === undefined || isPadded) this.fail('an integer that is not minimal')
    return body
  }

  /** An INTEGER from 0 to 2^31 - 1. */
  smallInteger(): number {
    const body = this.integer()
    if (body.length > 4 || (body[0] ?? 0) >= 0x80) this.fail('an integer out of range')
    return body.reduce((value, byte) => value * 256 + byte, 0)
  }

  boolean(): boolean {
    const { body } = this.element(BOOLEAN)
    if (body.length !== 1 || (body[0] !== 0 && body[0] !== 0xff)) this.fail('a boolean that is not one')
    return body[0] === 0xff
  }

  octets(): Uint8Array {
    return this.element(OCTET_STRING).body
  }

  /** The bytes of a BIT STRING; the bits that it leaves unused are zero. */
  bits(): Uint8Array {
    const { body } = this.element(BIT_STRING)
    const unused = body[0] ?? 8
    const last = body.length === 1 ? 0 : (body.at(-1) ?? 0)
    if (unused > 7 || (body.length === 1 && unused !== 0) || (last & ((1 << unused) - 1)) !== 0) {
      this.fail('a bit string with wrong padding')
    }
    return body.subarray(1)
  }

  /** The bytes of a BIT STRING that holds whole bytes, as signatures do: said otherwise, it would be a second spelling. */
  wholeBits(): Uint8Array {
    const { body } = this.element(BIT_STRING)
    if (body[0] !== 0) this.fail('a bit string that does not hold whole bytes')
    return body.subarray(1)
  }

  /** A UTCTime or GeneralizedTime in Unix seconds: UTC, with seconds; a fraction, which only timestamps carry, is cut off. */
  time(): number {
    const element = this.any()
    const text = Buffer.from(element.body).toString('latin1')
    if (element.tag === UTC_TIME && /^\d{12}Z$/.test(text)) return this.#instant(`${text < '50' ? '20' : '19'}${text}`)
    if (element.tag === GENERALIZED_TIME && /^\d{14}(?:\.\d{0,9}[1-9])?Z$/.test(text)) return this.#instant(text)
    return this.fail('a time that is not one')
  }

  #instant(text: string): number {
    const iso = text.replace(/^(....)(..)(..)(..)(..)(..).*$/, '$1-$2-$3T$4:$5:$6')
    const ms = Date.parse(`${iso}Z`)
    // Date.parse carries 30 February over into March; a second look catches it.
    if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(iso)) this.fail('a time that is not one')
    return ms / 1000
  }

  #take(start: number, end: number, next: number): Element {
    const from = this.#at
    this.#at = next
    return {
      tag: this.#bytes[from] as number,
      whole: this.#bytes.subarray(from, next),
      body: this.#bytes.subarray(start, end),
    }
  }

  /** Where the body of the element at this offset starts and ends; `end` is null for an indefinite length. */
  #header(at: number): { readonly start: number; readonly end: number | null } {
    const bytes = this.#bytes
    const tag = bytes[at]
    const first = bytes[at + 1]
    if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) this.fail(`no element at offset ${at}`)
    if (first === INDEFINITE && (tag & CONSTRUCTED) !== 0) return { start: at + 2, end: null }
    const size = first < 0x80 ? 0 : first & 0x7f
    let length = first
    if (first >= 0x80) {
      if (size === 0 || size > 3 || bytes[at + 2] === 0) this.fail(`a length that is not minimal at offset ${at}`)
      length = bytes.subarray(at + 2, at + 2 + size).reduce((value, byte) => value * 256 + byte, 0)
      if (length < 0x80) this.fail(`a length that is not minimal at offset ${at}`)
    }
    const start = at + 2 + size
    if (start + length > bytes.length) this.fail(`an element at offset ${at} runs past the end`)
    return { start, end: start + length }
  }

  #endOfContents(from: number, depth: number): number {
    if (depth > MAX_BER_DEPTH) this.fail('indefinite lengths nested too deep')
    let at = from
    while (this.#bytes[at] !== 0 || this.#bytes[at + 1] !== 0) {
      const { start, end } = this.#header(at)
      at = end ?? this.#endOfContents(start, depth + 1) + 2
    }
    return at
  }
}
