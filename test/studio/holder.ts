/** A process of its own that opens a project, queues two runs that go on, and tells its parent when the first works. */
import { forkEngine } from '../../src/studio/engine-process.ts'
import { createStudio } from '../../src/studio/studio.ts'
import { fakeReaders } from './fake-readers.ts'

const [projectPath = '', worker = '', name = 'hangs'] = process.argv.slice(2)
const studio = await createStudio({
  projectPath,
  host: 'browser',
  acceptsPaths: true,
  directories: { cache: `${projectPath}.cache`, data: `${projectPath}.data` },
  spawnEngine: () => forkEngine(worker),
  describeEngine: async () => ({ version: 'test engine', tensorflow: '2.21.0' }),
  readers: fakeReaders(),
})
studio.onEvent(event => {
  if (event.type === 'run.stage' && event.stage.state === 'running') process.stdout.write('working\n')
})
const { signal } = new AbortController()
const document = {
  name,
  seeds: [0, 1],
  model: { architecture: 'resnet8-a' },
  data: { path: import.meta.dirname },
  stages: [{ use: 'evaluate' }],
}
await studio.handlers['run.start']({ document }, { signal })
process.on('SIGTERM', async () => {
  await studio.close('Told to end.')
  process.exit(0)
})
