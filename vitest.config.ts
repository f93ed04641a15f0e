import { availableParallelism } from 'node:os'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  plugins: [vue()],
  test: {
    include: ['test/**/*.test.ts'],
    // TensorFlow must not share a process between threads, and a crash of it must not take other files along.
    pool: 'forks',
    // vitest leaves one processor free, so that two of them would work on one file at a time, half idle while it waits.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Machines are noisy and some tests start processes; speed is measured by benchmarks, not by tests.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 10_000 } },
    // A test that hangs must not hang the whole run.
    teardownTimeout: 10_000,
  },
})
