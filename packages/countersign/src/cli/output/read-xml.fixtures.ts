/** An element of an XML document. */
export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: XmlElement[]
  text: string
}

const TOKEN = /<\?xml [^?]*\?>|<(\/?)([a-z-]+)((?: [a-z]+="[^"<]*")*)(\/?)>|([^<>]+)/gy
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Reads the XML that JUnit reports are made of, and nothing looser: throws where a character or a tag is not allowed. */
export function readXml(text: string): XmlElement {
  if (/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text)) throw new Error('not an XML character')
  const root: XmlElement = { name: '', attributes: {}, children: [], text: '' }
  const open = [root]
  let at = 0
  for (const { 0: token, 1: ends, 2: name, 3: attributes = '', 4: empty, 5: data } of text.matchAll(TOKEN)) {
    at += token.length
    const inside = open.at(-1)
    if (inside === undefined) throw new Error('text behind the end')
    if (data !== undefined) inside.text += unescaped(data)
    else if (ends === '/') {
      if (open.pop()?.name !== name) throw new Error(`</${name}> ends something else`)
    } else if (name !== undefined) {
      const element = { name, attributes: readAttributes(attributes), children: [], text: '' }
      inside.children.push(element)
      if (empty !== '/') open.push(element)
    }
  }
  if (at !== text.length) throw new Error(`not XML at ${at}: ${text.slice(at, at + 40)}`)
  const [document, ...more] = root.children
  if (open.length !== 1 || document === undefined || more.length > 0) throw new Error('not one whole document')
  return document
}

function readAttributes(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/ ([a-z]+)="([^"]*)"/g)].map(([, key, value]) => [key, unescaped(value ?? '')]),
  )
}

function unescaped(text: string): string {
  return text.replaceAll(/&([^;]*);?/g, (_, name: string) => {
    const character = ENTITIES[name]
    if (character === undefined) throw new Error(`&${name} is no entity`)
    return character
  })
}
