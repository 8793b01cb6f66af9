import { defineConfig } from 'vitest/config'

// Runs beside real programs (ssh-keygen, gpg, gpgsm, openssl, go). A program that is missing fails the test that names it.
const config = defineConfig({
  test: {
    include: ['**/*.oracle.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    restoreMocks: true,
    unstubEnvs: true,
    allowOnly: false,
  },
})

// biome-ignore lint/style/noDefaultExport: vitest reads the default export.
export default config
