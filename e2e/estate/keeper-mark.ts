/** The environment variable that every program of an estate inherits, and by which the keeper knows them. */
export const KEEPER_MARK = 'COUNTERSIGN_ESTATE_KEEPER'
