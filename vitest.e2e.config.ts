import { defineConfig } from 'vitest/config'

// Runs beside the estate: real programs that `npm run estate:build` made. One that is missing fails the test that asks for it.
const config = defineConfig({
  test: {
    include: ['e2e/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // A story starts a dozen programs; two of them side by side on two cores would each time out for the other's sake.
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 300_000,
    restoreMocks: true,
    unstubEnvs: true,
    allowOnly: false,
  },
})

// biome-ignore lint/style/noDefaultExport: vitest reads the default export.
export default config
