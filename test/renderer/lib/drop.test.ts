import { describe, expect, it } from 'vitest'
import { groupFiles } from '../../../src/renderer/src/lib/drop.ts'

const file = (name: string, path = '') =>
  Object.defineProperty(new File(['x'], name), 'webkitRelativePath', { value: path })
const shape = (files: File[]) => groupFiles(files).map(group => [group.name, group.files.map(f => f.path)])

describe('what is one import', () => {
  it('a checkpoint or an archive each by itself', () => {
    expect(shape([file('a.th'), file('b.safetensors'), file('c.tar.gz')])).toEqual([
      ['a.th', ['a.th']],
      ['b.safetensors', ['b.safetensors']],
      ['c.tar.gz', ['c.tar.gz']],
    ])
  })

  it('loose parts of a data set together', () => {
    expect(shape([file('data_batch_1.bin'), file('test_batch.bin'), file('net.pt')])).toEqual([
      ['net.pt', ['net.pt']],
      ['2 files', ['data_batch_1.bin', 'test_batch.bin']],
    ])
  })

  it('one loose file by its name', () => {
    expect(shape([file('t10k-images-idx3-ubyte')])).toEqual([['t10k-images-idx3-ubyte', ['t10k-images-idx3-ubyte']]])
  })

  it('a folder with all that is in it, a checkpoint too', () => {
    const inside = [file('1.png', 'set/train/cat/1.png'), file('net.pt', 'set/net.pt')]
    expect(shape(inside)).toEqual([['set', ['set/train/cat/1.png', 'set/net.pt']]])
  })
})
