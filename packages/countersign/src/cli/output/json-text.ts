/** What JSON lets stand in a string and a terminal may obey: C1 controls, line separators and marks that turn text around. */
const UNSEEN = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g

/** A value as JSON in which every character that could steer a terminal is written as an escape. Says the same to a parser. */
export function jsonText(value: unknown, indent = 0): string {
  return escapeUnseen(JSON.stringify(value, null, indent))
}

/** Writes what could steer a terminal as `\uXXXX`; for text in which it stands inside double quotes only. */
export function escapeUnseen(text: string): string {
  return text.replaceAll(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Whether a text holds a character that {@link escapeUnseen} writes as an escape. */
export function holdsUnseen(text: string): boolean {
  return text.search(UNSEEN) !== -1
}
