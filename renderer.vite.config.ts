/** The window, buildable alone for the browser host: `vite build -c renderer.vite.config.ts`. */
import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import type { UserConfig } from 'vite'

const project = import.meta.dirname

export const rendererConfig: UserConfig = {
  root: resolve(project, 'src/renderer'),
  // Relative, so that the same files work under app:// and under any path of the browser host.
  base: './',
  plugins: [vue()],
  define: { __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false' },
  build: {
    outDir: resolve(project, 'out/renderer'),
    emptyOutDir: true,
    target: 'chrome123',
    // electron-vite would leave it as it is.
    minify: true,
    // The content security policy has no data: for fonts, and no inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // One local application, loaded from the disk beside it.
    chunkSizeWarningLimit: 2000,
    rolldownOptions: { input: resolve(project, 'src/renderer/index.html') },
  },
  server: { fs: { allow: [project] } },
}

export default rendererConfig
