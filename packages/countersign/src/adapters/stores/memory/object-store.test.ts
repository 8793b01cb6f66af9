import { describeObjectStore } from '../object-store.contract.ts'
import { memoryObjects } from './object-store.ts'

describeObjectStore(
  'objects in memory',
  async () => {
    const objects = memoryObjects()
    return { open: async () => objects, remove: async () => {} }
  },
  { holds: true, retention: 'kept' },
)
