/** What a mail says, as it was sent. */
export interface MailText {
  /** Header fields by name in small letters, unfolded and not decoded; the last one where a name comes twice. */
  readonly headers: ReadonlyMap<string, string>
  readonly subject: string
  /** What comes after the headers. */
  readonly body: string
  readonly raw: string
}

/** Splits a mail into its header fields and the rest (RFC 5322), and decodes the subject (RFC 2047). */
export function readMail(raw: string): MailText {
  const [head = '', body = ''] = raw.split(/\r\n\r\n(.*)/s)
  const headers = new Map(
    head
      .replaceAll(/\r\n[ \t]+/g, ' ')
      .split('\r\n')
      .map((line) => {
        const [name = '', value = ''] = line.split(/: *(.*)/s)
        return [name.toLowerCase(), value] as const
      }),
  )
  return { headers, subject: decodeWords(headers.get('subject') ?? ''), body, raw }
}

function decodeWords(value: string): string {
  // Space between two encoded words belongs to neither.
  const joined = value.replaceAll(/(\?=)\s+(=\?)/g, '$1$2')
  return joined.replaceAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_word, encoding: string, content: string) =>
    encoding.toLowerCase() === 'b' ? Buffer.from(content, 'base64').toString('utf8') : decodeQuoted(content),
  )
}

function decodeQuoted(content: string): string {
  const bytes = content.replaceAll('_', ' ').replaceAll(/=([0-9A-F]{2})/gi, (_all, hex: string) => {
    return String.fromCharCode(Number.parseInt(hex, 16))
  })
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
