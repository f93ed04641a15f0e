/** What one op contributes to shape inference, validation and cost. The members live in `ops/`, the table in `ops.ts`. */
import { EspalierError } from '../../shared/errors.ts'
import type { Dims } from './dims.ts'
import type { GraphNode, ParameterRole } from './model.ts'

export interface OpRule {
  /** How many leading inputs are values; the inputs after them are parameters. `many`: all are values, at least one. */
  readonly values: number | 'many'
  /** Roles of the parameters, in ONNX order. */
  readonly parameters: readonly ParameterRole[]
  /** How many of the parameters must be there; the rest (a bias) may be left out. */
  readonly required: number
  /** Attributes the rule understands. Any other is refused, so that no attribute is silently ignored. */
  readonly attributes: readonly string[]
  /** Dims of the one output, without batch. Throws `model.invalid`. */
  readonly outputDims: (node: GraphNode, values: readonly Dims[], parameters: readonly Dims[]) => Dims
  /** Multiply-accumulates for one sample; absent where the convention of five-systems 0.3 counts none. */
  readonly macs?: (output: Dims, parameters: readonly Dims[], values: readonly Dims[]) => number
}

export function invalidNode(node: GraphNode, problem: string): EspalierError {
  return new EspalierError({
    code: 'model.invalid',
    message: `Node "${node.name}" (${node.op}): ${problem}.`,
    rule: 'Every node must follow the rules of its ONNX op.',
  })
}

export function integerAttribute(node: GraphNode, key: string, otherwise: number): number {
  const value = node.attributes[key] ?? otherwise
  if (typeof value !== 'number' || !Number.isInteger(value)) throw invalidNode(node, `"${key}" must be an integer`)
  return value
}

/** A list attribute of `length` integers; `otherwise` where it is absent. */
export function integersAttribute(
  node: GraphNode,
  key: string,
  length: number,
  otherwise?: readonly number[],
): readonly number[] {
  const value = node.attributes[key] ?? otherwise
  if (!Array.isArray(value) || value.length !== length || !value.every(Number.isInteger))
    throw invalidNode(node, `"${key}" must be a list of ${length} integers`)
  return value
}
