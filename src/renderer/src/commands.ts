/**
 * Everything a person can do by name: the palette lists it, the shortcut sheet explains it, keys run it. Views add
 * their own commands for as long as they are shown.
 */
import { computed, onUnmounted, shallowReactive } from 'vue'
import { preference } from './lib/preference.ts'

export interface Command {
  readonly id: string
  readonly title: string
  readonly group: 'Go to' | 'Do' | 'View'
  /** `Mod+K`, `G L` (one after the other), `?`. Mod is Ctrl, on a Mac Cmd. */
  readonly keys?: string
  readonly isEnabled?: () => boolean
  readonly run: () => void
}

const registered = shallowReactive(new Map<string, Command>())

export const commands = computed(() => [...registered.values()])

export function addCommands(list: readonly Command[]): void {
  for (const command of list) registered.set(command.id, command)
}

/** For a view's setup: the commands go when the view goes. */
export function useCommands(list: readonly Command[]): void {
  addCommands(list)
  onUnmounted(() => {
    for (const command of list) if (registered.get(command.id) === command) registered.delete(command.id)
  })
}

export function runCommand(id: string): void {
  const command = registered.get(id)
  if (command && command.isEnabled?.() !== false) command.run()
}

/** Shortcuts without a modifier can be switched off (WCAG 2.1.4): speech input types letters. */
export const letterKeys = preference<'on' | 'off'>('letter-keys', 'on', ['on', 'off'])

const isMac = /Mac/.test(navigator.platform)

/** "Mod+Shift+Z" -> ["Ctrl", "Shift", "Z"]; "G L" -> ["G", "L"] */
export const keyCaps = (keys: string): string[] =>
  keys.split(/[+ ]/).map(cap => (cap === 'Mod' ? (isMac ? '⌘' : 'Ctrl') : cap))

const sequenceMs = 1200
let pending = ''
let pendingSince = 0

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

/** The name a command's `keys` would have for this event. */
function nameOf(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key
  const mod = isMac ? event.metaKey : event.ctrlKey
  if (!mod) return key
  return `Mod+${event.shiftKey ? 'Shift+' : ''}${key}`
}

export function handleKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.altKey) return
  const name = nameOf(event)
  const hasModifier = name.startsWith('Mod+')
  if (!hasModifier && (letterKeys.value === 'off' || isTyping(event.target) || isInOverlay(event.target))) return
  const now = event.timeStamp
  const sequence = !hasModifier && pending && now - pendingSince < sequenceMs ? `${pending} ${name}` : name
  pending = ''
  const enabled = [...registered.values()].filter(c => c.keys && c.isEnabled?.() !== false)
  const command = enabled.find(c => c.keys === sequence) ?? enabled.find(c => c.keys === name)
  if (command) {
    event.preventDefault()
    command.run()
  } else if (!hasModifier && enabled.some(c => c.keys?.startsWith(`${name} `))) {
    pending = name
    pendingSince = now
  }
}

const isInOverlay = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.closest('[role="dialog"], [role="menu"], [role="listbox"]') !== null
