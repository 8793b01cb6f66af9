import { currentVersion, type Framework, retiredVersion, type SupersededControl } from '../framework.ts'
import { PCI_DSS_CONTROLS } from './pci-dss-controls.ts'

const by = (now: string, ...ids: readonly string[]): readonly SupersededControl[] =>
  ids.map((id) => ({ id, by: `pci-dss@4.0.1:${now}` }))

export const PCI_DSS: Framework = {
  id: 'pci-dss',
  name: 'PCI DSS',
  aliases: ['pci', 'pcidss'],
  spelling: 'plain',
  labels: 'own words',
  isRenumbered: true,
  profileOf: null,
  versions: [
    currentVersion('4.0.1', PCI_DSS_CONTROLS, {
      unsupported: [
        { id: '6.4', label: 'Public-facing web applications are protected' },
        { id: '6.5.5', label: 'No live account numbers in pre-production' },
      ],
    }),
    retiredVersion('4.0', [], { carriedOverTo: { version: '4.0.1', except: [] } }),
    retiredVersion('3.2.1', [
      ...by('6.5', '6.4'),
      ...by('6.5.3', '6.4.1'),
      ...by('6.5.4', '6.4.2'),
      ...by('6.5.5', '6.4.3'),
      ...by('6.5.6', '6.4.4'),
      ...by('6.5.1', '6.4.5', '6.4.5.1', '6.4.5.2', '6.4.5.3', '6.4.5.4'),
      ...by('6.5.2', '6.4.6'),
      ...by('6.2.3', '6.3.2'),
      ...by('6.3.3', '6.2'),
      ...by('1.2.2', '1.1.1'),
      ...by('2.2.1', '2.2'),
      ...by('7.2', '7.1', '7.2'),
      ...by('8.2.1', '8.1.1'),
      ...by('8.2.2', '8.5'),
      ...by('8.4', '8.3'),
      ...by('10.2.1', '10.1', '10.2'),
      ...by('10.2.2', '10.3'),
      ...by('10.6', '10.4'),
      ...by('10.3', '10.5'),
      ...by('10.4', '10.6'),
      ...by('10.5.1', '10.7'),
      ...by('10.7', '10.8'),
      ...by('11.5.2', '11.5'),
      ...by('12.10', '12.10'),
    ]),
  ],
}
