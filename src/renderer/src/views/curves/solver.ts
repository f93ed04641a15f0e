/**
 * A target while it is looked at: what is asked, and the newest answer. Answers are asked for one at a time, always with
 * what stands now, so that a slider that moves is followed and never left behind.
 */
import { computed, onUnmounted, reactive, shallowRef, watch } from 'vue'
import type { AllocationAnswer } from '../../../../shared/allocation.ts'
import type { BudgetKind, CurveKind } from '../../../../shared/distortion.ts'
import { type ErrorData, toErrorData } from '../../../../shared/errors.ts'
import type { AllocationId, Choice } from '../../../../shared/methods.ts'
import type { StageOf } from '../../../../shared/stages.ts'
import { call, connectionState } from '../../connection.ts'
import { type Constraints, toConstraints, toFloorsAndLocks } from '../../lib/constraints.ts'

export const targetKinds = {
  sparsity: { label: 'Sparsity', help: 'A share of the weights, or of the MACs.' },
  'file-size': { label: 'File size', help: 'As many zeros as bring the model file to this size.' },
  accuracy: { label: 'Accuracy', help: 'As sparse as it can be and lose no more than this. A run finds out.' },
} as const satisfies Record<string, Choice>

export interface Target {
  kind: keyof typeof targetKinds
  /** What is solved and shown; where the target is the size of a file, what that comes to. */
  sparsity: number
  /** Of the model file. */
  bytes: number
  /** Share of the validation samples. */
  lose: number
  solver: 'rate-distortion' | 'lagrangian'
  curve: CurveKind
  monotone: boolean
  budget: BudgetKind
  constraints: Constraints
}

/** Targets that were looked at since the window was opened: coming back finds them. */
const kept = new Map<string, Target>()

type Asked = StageOf<'prune'> & { readonly sparsity: number }

/** Half a point. */
const usualLoss = 0.005

export function targetOf(stage: Asked): Target {
  const { sparsity, target: other, allocation, curve, monotone, budget, floors, locks } = stage
  const solver = allocation === 'lagrangian' ? 'lagrangian' : 'rate-distortion'
  const constraints = toConstraints({ ...(floors && { floors }), ...(locks && { locks }) })
  const bytes = other?.kind === 'file-size' ? other.bytes : 0
  const lose = other?.kind === 'accuracy' ? other.lose : usualLoss
  return { kind: other?.kind ?? 'sparsity', sparsity, bytes, lose, solver, curve, monotone, budget, constraints }
}

export function useTarget(run: string, index: number, stage: Asked) {
  const key = `${run}/${index}`
  const target = reactive(kept.get(key) ?? targetOf(stage))
  kept.set(key, target)
  const question = computed(() => {
    const { kind, sparsity, bytes, curve, monotone, budget, constraints } = target
    const goal = kind === 'file-size' && bytes > 0 ? { bytes } : { sparsity }
    return { run, stage: index, ...goal, curve, monotone, budget, ...toFloorsAndLocks(constraints) }
  })
  return { target, question, reset: () => Object.assign(target, targetOf(stage)) }
}
export type Question = ReturnType<typeof useTarget>['question']['value']

/** The newest answer for `allocations`, asked for when the question has stood still for `waitMs`. */
export function useAnswer(question: () => Question, allocations: () => readonly AllocationId[], waitMs = 0) {
  const answer = shallowRef<AllocationAnswer>()
  const error = shallowRef<ErrorData>()
  let isStale = false
  let isAsking = false
  let isGone = false

  async function ask(): Promise<void> {
    isStale = true
    if (isAsking || isGone) return
    isAsking = true
    while (isStale && !isGone) {
      isStale = false
      try {
        const wanted = allocations()
        if (wanted.length > 0)
          answer.value = await call('allocation.solve', { ...question(), allocations: [...wanted] })
        error.value = undefined
      } catch (thrown) {
        error.value = toErrorData(thrown)
      }
    }
    isAsking = false
  }
  let timer: ReturnType<typeof setTimeout> | undefined
  function askSoon(): void {
    clearTimeout(timer)
    if (waitMs === 0) ask()
    else timer = setTimeout(ask, waitMs)
  }
  watch([question, allocations], askSoon, { immediate: true })
  watch(connectionState, state => {
    if (state === 'open') ask()
  })
  onUnmounted(() => {
    isGone = true
    clearTimeout(timer)
  })
  return { answer, error }
}
