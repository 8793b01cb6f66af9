export const OLDEST_NODE: readonly [major: number, minor: number]

export class SetupError extends Error {
  readonly code:
    | 'git_missing'
    | 'npm_missing'
    | 'lock_unreadable'
    | 'install_failed'
    | 'install_incomplete'
    | 'node_too_old'
    | 'node_unusable'
}

export function installGap(root: string, platformNode: string): string | null

export function isNewEnough(version: string): boolean
