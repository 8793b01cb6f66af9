// OpenSSH copies each pattern into a buffer of this many bytes, and a list with a longer one matches nothing.
const MAX_PATTERN = 1022

/** Whether a text matches a pattern in which `*` stands for any run of characters and `?` for any one (ssh_config, PATTERNS). */
export function matchesPattern(text: string, pattern: string): boolean {
  let t = 0
  let p = 0
  let star = -1
  let resume = 0
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === '*') {
      star = p++
      resume = t
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p++
      t++
    } else if (star !== -1) {
      // Only the last star needs to give way: what earlier ones matched was the shortest that could do.
      p = star + 1
      t = ++resume
    } else return false
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

/**
 * Whether a text matches a comma-separated pattern list: some pattern matches, and none that begins with `!` does.
 * A list that holds a pattern of more than 1,022 characters stops counting there, and then matches nothing.
 */
export function matchesPatternList(text: string, list: string): boolean {
  let matched = false
  for (const item of list.split(',')) {
    const isNegated = item.startsWith('!')
    const pattern = isNegated ? item.slice(1) : item
    if (pattern.length > MAX_PATTERN) return false
    if (!matchesPattern(text, pattern)) continue
    if (isNegated) return false
    matched = true
  }
  return matched
}
