import { describeLogStore } from '../log-store.contract.ts'
import { emptyRecord, memoryLogStore } from './log-store.ts'

describeLogStore('a store in memory', async () => {
  const record = emptyRecord()
  return { open: async () => memoryLogStore(record), remove: async () => {} }
})
