import { describe, expect, it } from 'vitest'
import { federatedPruningSchema } from '../../src/shared/federated-pruning.ts'

const parse = (value: unknown) => federatedPruningSchema.parse(value)
const faults = (value: unknown) =>
  federatedPruningSchema.safeParse(value).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)

describe('the pruning of a federation', () => {
  it('may be said by its mode alone', () => {
    expect(parse('none')).toEqual({ mode: 'none' })
    expect(parse('gate')).toEqual({ mode: 'gate', keep: 0.7 })
    expect(parse({ mode: 'gate', keep: 0.5 })).toEqual({ mode: 'gate', keep: 0.5 })
    expect(parse('threshold')).toEqual({ mode: 'threshold', threshold: 0.001, onServer: true })
    expect(parse('random')).toEqual({ mode: 'random', keep: 0.3, of: 'weights' })
    expect(parse('salience')).toMatchObject({ mode: 'salience', keep: 0.3, score: 'product', chosen: 'server' })
  })

  it.each([
    [{ mode: 'gate', keep: 0 }],
    [{ mode: 'gate', keep: 1.5 }],
    [{ mode: 'salience', keep: -0.1 }],
    [{ mode: 'threshold', threshold: -1 }],
    [{ mode: 'gate', threshold: 1 }],
    [{ keep: 0.5 }],
    ['gates'],
  ])('refuses %j', value => expect(faults(value)).toHaveLength(1))

  it('has each batch choose among the weights of its layer', () => {
    expect(faults({ mode: 'salience', chosen: 'steps', per: 'sample', scope: 'network' })).toEqual([
      'per: must be batch where chosen is steps',
      'scope: must be layer where chosen is steps',
    ])
    expect(faults({ mode: 'salience', chosen: 'steps' })).toBeUndefined()
  })
})
