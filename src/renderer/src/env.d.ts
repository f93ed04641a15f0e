/// <reference types="vite/client" />
import type { DesktopBridge } from '../../shared/bridge.ts'

declare global {
  interface Window {
    /** Only in the desktop host. */
    readonly espalier?: DesktopBridge<File>
  }
}
