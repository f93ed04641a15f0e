/**
 * A target while it is looked at: what is asked, and the newest answer. Answers are asked for one at a time, always with
 * what stands now, so that a slider that moves is followed and never left behind.
 */
import { computed, onUnmounted, reactive, shallowRef, watch } from 'vue'
import type { AllocationAnswer } from '../../../../shared/allocation.ts'
import type { BudgetKind, CurveKind } from '../../../../shared/distortion.ts'
import { type ErrorData, toErrorData } from '../../../../shared/errors.ts'
import type { AllocationId } from '../../../../shared/methods.ts'
import type { StageOf } from '../../../../shared/stages.ts'
import { call, connectionState } from '../../connection.ts'
import { type Constraints, toConstraints, toFloorsAndLocks } from '../../lib/constraints.ts'

export interface Target {
  sparsity: number
  solver: 'rate-distortion' | 'lagrangian'
  curve: CurveKind
  monotone: boolean
  budget: BudgetKind
  constraints: Constraints
}

/** Targets that were looked at since the window was opened: coming back finds them. */
const kept = new Map<string, Target>()

type Asked = StageOf<'prune'> & { readonly sparsity: number }

export function targetOf(stage: Asked): Target {
  const { sparsity, allocation, curve, monotone, budget, floors, locks } = stage
  const solver = allocation === 'lagrangian' ? 'lagrangian' : 'rate-distortion'
  const constraints = toConstraints({ ...(floors && { floors }), ...(locks && { locks }) })
  return { sparsity, solver, curve, monotone, budget, constraints }
}

export function useTarget(run: string, index: number, stage: Asked) {
  const key = `${run}/${index}`
  const target = reactive(kept.get(key) ?? targetOf(stage))
  kept.set(key, target)
  const question = computed(() => {
    const { sparsity, curve, monotone, budget, constraints } = target
    return { run, stage: index, sparsity, curve, monotone, budget, ...toFloorsAndLocks(constraints) }
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
