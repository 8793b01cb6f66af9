import { defineConfig } from 'vitest/config'

// Needs npm and git only. Tests that run other real programs are in vitest.oracle.config.ts.
const config = defineConfig({
  test: {
    include: ['packages/**/src/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.oracle.test.ts'],
    setupFiles: ['scripts/no-network.setup.ts'],
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    restoreMocks: true,
    unstubEnvs: true,
    allowOnly: false,
  },
})

// biome-ignore lint/style/noDefaultExport: vitest reads the default export.
export default config
