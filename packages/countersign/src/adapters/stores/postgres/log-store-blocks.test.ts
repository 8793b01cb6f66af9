import { describeLogStore } from '../log-store.contract.ts'
import { serverForTests, storesForTests } from './postgres.fixtures.ts'

// With so few rows in a block and so few blocks in a partition that every test crosses their borders.
const cut = { blockRows: 4, partitionRows: 64 }
describeLogStore('a store in PostgreSQL with small blocks and partitions', storesForTests(serverForTests(), cut))
