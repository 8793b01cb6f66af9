/** A name as people compare it: letter case and the ways in which Unicode spells one letter tell no two of them apart. */
export function foldedName(name: string): string {
  // Lower case alone tells apart what capitals do not, such as the two small sigmas.
  return name.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().normalize('NFKC')
}
