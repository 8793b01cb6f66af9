import { currentVersion, type Framework, type MappedControl } from '../framework.ts'
import { NIST_800_53_CONTROLS } from './nist-800-53.ts'

/*
 * Which of the mapped controls the two baselines select, from the OSCAL profiles of GSA (5.1.1+fedramp-20240111-0). What FedRAMP adds
 * in parameters and guidance is not here.
 */

const MODERATE = `
  AC-2 AC-2(2) AC-2(4) AC-5 AC-6 AC-6(1) AC-6(5) AC-6(7) AC-6(9) AC-6(10)
  AU-2 AU-3 AU-3(1) AU-5 AU-6 AU-6(1) AU-6(3) AU-7 AU-8 AU-9 AU-9(4) AU-11 AU-12
  CA-2 CA-5 CA-7
  CM-2 CM-2(2) CM-2(3) CM-3 CM-3(2) CM-3(4) CM-4 CM-4(2) CM-5 CM-5(1) CM-5(5) CM-6 CM-6(1) CM-8 CM-8(3) CM-9
  IA-2 IR-4 IR-5 IR-6 RA-5 SA-10 SA-11 SA-15 SC-45(1) SI-2 SI-4(5) SI-7 SI-7(1) SI-7(7) SR-11`

const HIGH_ONLY = `
  AU-5(2) AU-9(2) AU-9(3) AU-10 AU-12(1) AU-12(3)
  CM-3(1) CM-3(6) CM-4(1) CM-6(2) CM-14 SI-7(2) SI-7(5) SI-7(15)`

export const FEDRAMP: Framework = {
  id: 'fedramp',
  name: 'FedRAMP baselines of NIST SP 800-53 revision 5',
  aliases: [],
  spelling: 'nist',
  labels: 'official titles',
  isRenumbered: false,
  profileOf: 'nist-800-53',
  versions: [
    currentVersion('rev5-moderate', select(MODERATE)),
    currentVersion('rev5-high', select(`${MODERATE} ${HIGH_ONLY}`)),
  ],
}

function select(ids: string): readonly MappedControl[] {
  const wanted = new Set(ids.split(/\s+/))
  return NIST_800_53_CONTROLS.filter(({ id }) => wanted.has(id))
}
