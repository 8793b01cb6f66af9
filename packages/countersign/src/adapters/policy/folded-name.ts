/** A name as people compare it: letter case and the ways in which Unicode spells one letter tell no two of them apart. */
export function foldedName(name: string): string {
  return name.normalize('NFKC').toLowerCase().normalize('NFKC')
}
