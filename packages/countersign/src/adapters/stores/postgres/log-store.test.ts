import { describeLogStore } from '../log-store.contract.ts'
import { serverForTests, storesForTests } from './postgres.fixtures.ts'

describeLogStore('a store in PostgreSQL', storesForTests(serverForTests()))
