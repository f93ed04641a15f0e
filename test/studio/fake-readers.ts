import type { DatasetFacts, ModelFacts, Readers } from '../../src/studio/inputs.ts'
import { exampleDataset, exampleModel } from './project/examples.ts'

const facts = <T extends { id: string; addedAt: number }>({ id: _, addedAt: __, ...rest }: T) => rest

/** Data sets of two classes and 32 x 32 pictures; a path's last part decides the fingerprint. */
export function fakeReaders(changes: { dataset?: Partial<DatasetFacts>; model?: Partial<ModelFacts> } = {}): Readers {
  const name = (path: string) => path.split('/').at(-1)!
  return {
    isDataset: async path => !path.endsWith('.th'),
    dataset: async path =>
      facts(exampleDataset({ path, name: name(path), fingerprint: `data ${name(path)}`, ...changes.dataset })),
    model: async path =>
      facts(exampleModel({ path, name: name(path), fingerprint: `model ${name(path)}`, ...changes.model })),
  }
}
