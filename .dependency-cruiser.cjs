/** The layers of ARCHITECTURE.md as rules. `npm run check` also asserts that every source file was seen. */

/** A layer imports from itself and the layers below it. */
const layer = (name, ...below) => ({
  name: `layer-${name}`,
  severity: 'error',
  from: { path: `^src/${name}/` },
  to: { path: '^src/', pathNot: `^src/(${[name, ...below].join('|')})/` },
})

/** A package is imported in these folders only. */
const only = (name, ...folders) => ({
  name: `only-${name.replace(/\W+/g, '-')}`,
  severity: 'error',
  from: { path: '^src/', pathNot: folders.map(folder => `^src/${folder}`) },
  to: { path: `(^|node_modules/)${name}(/|$)`, pathNot: '^src/' },
})

/** Folders of which each member is one file (or folder) that knows no other member. */
const families =
  'architectures|scores|allocations|schedules|trainables|losses|strategies|datasets|checkpoints|ops|stages|providers|migrations'

module.exports = {
  forbidden: [
    layer('shared'),
    layer('core', 'shared'),
    layer('formats', 'core', 'shared'),
    layer('engine', 'formats', 'core', 'shared'),
    layer('studio', 'engine', 'formats', 'core', 'shared'),
    layer('main', 'studio', 'shared'),
    layer('server', 'studio', 'shared'),
    // `espalier serve` starts the browser host.
    layer('cli', 'server', 'studio', 'shared'),
    layer('preload', 'shared'),
    layer('renderer', 'shared'),
    only('electron', 'main/', 'preload/'),
    only('better-sqlite3', 'studio/project/'),
    only('vue', 'renderer/'),
    only('@tensorflow/tfjs-node-gpu', 'engine/runtime/'),
    {
      name: 'shared-imports-zod-only',
      severity: 'error',
      from: { path: '^src/shared/' },
      to: { path: 'node_modules/', pathNot: 'node_modules/zod/' },
    },
    {
      name: 'core-imports-nothing',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { path: 'node_modules/' },
    },
    {
      name: 'portable',
      comment: 'These run in a browser or could: nothing of Node.',
      severity: 'error',
      from: { path: '^src/(core|shared|renderer)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'members-are-islands',
      severity: 'error',
      from: { path: `^src/(.+)/(${families})/([^/.]+)` },
      to: { path: '^src/$1/$2/', pathNot: '^src/$1/$2/$3[./]' },
    },
    {
      name: 'views-are-islands',
      severity: 'error',
      from: { path: '^src/renderer/src/views/([^/]+)/' },
      to: { path: '^src/renderer/src/views/', pathNot: '^src/renderer/src/views/$1/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'everything-is-found', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '[?]' } },
  ],
  options: {
    // Imports of types count: a layer that knows another's types depends on it.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.vue', '.js', '.d.ts'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
}
