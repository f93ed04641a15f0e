/** What the run is called that keeps a sparsity which another one tried. */
export const probeName = (name: string, sparsity: number): string =>
  `${name} · tried ${Number((sparsity * 100).toFixed(1))} %`.slice(-200)
