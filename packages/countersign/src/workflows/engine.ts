/** What made a decision: part of every decision, so that a later version can be told apart. */
export const ENGINE = { name: 'countersign', version: '0.1.0' } as const
