import { Document, isScalar, visit } from 'yaml'
import { escapeUnseen, holdsUnseen } from './json-text.ts'

/** A value as one YAML document with its own `---`, in which nothing from outside can steer a terminal. */
export function yamlText(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false })
  visit(document, {
    Scalar(_, node) {
      // Only inside double quotes does YAML know escapes.
      if (isScalar(node) && typeof node.value === 'string' && holdsUnseen(node.value)) node.type = 'QUOTE_DOUBLE'
    },
  })
  return `---\n${escapeUnseen(document.toString({ lineWidth: 0 }))}`
}
