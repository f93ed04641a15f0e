/** Which of the window-wide overlays is open. */
import { ref } from 'vue'

export const isPaletteOpen = ref(false)
export const isSheetOpen = ref(false)
