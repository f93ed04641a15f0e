/** Images right of 1,000 after one-shot pruning, ours beside PyTorch (needs ../shared/data). */
import { hasData, networks, type OneShot, oneShot } from './one-shot.ts'

const data = process.argv[2] ?? '../shared/data'
const say = (line: string) => process.stdout.write(`${line}\n`)
const row = (network: string, pruning: string, ...numbers: readonly (string | number)[]) =>
  say(network.padEnd(10) + pruning.padEnd(14) + numbers.map(number => String(number).padStart(14)).join(''))
const differences = ({ correct, sameCounts, ownRounding }: OneShot) => [correct - sameCounts, correct - ownRounding]
const largest = (rows: readonly OneShot[], which: 0 | 1) =>
  Math.max(...rows.map(one => Math.abs(differences(one)[which]!)))

if (!hasData(data)) say(`skipped: ${data} is absent (npm run bench -- parity FOLDER)`)
else {
  say('One-shot magnitude pruning of trained CIFAR-10 ResNets, images right of 1,000, no fine-tuning.')
  say('PyTorch twice: removing floor(s x n) weights as we do, and rounding as torch.nn.utils.prune does.\n')
  row('network', 'pruning', 'zeros', 'ours', 'PyTorch floor', 'PyTorch round')
  const rows: OneShot[] = []
  for (const network of networks) {
    for await (const one of oneShot(data, network)) {
      rows.push(one)
      const pruning = one.pruning ? `${one.pruning.allocation} ${one.pruning.sparsity}` : 'dense'
      row(network, pruning, one.zeros.toLocaleString('en'), one.correct, one.sameCounts, one.ownRounding)
    }
  }
  const dense = rows.filter(one => one.pruning === null)
  const pruned = rows.filter(one => one.pruning !== null && one.pruning.sparsity <= 0.8)
  say('\nLargest difference in images, floor / round:')
  say(`  dense                ${largest(dense, 0)} / ${largest(dense, 1)} (goal 2)`)
  say(`  sparsities .3 to .8  ${largest(pruned, 0)} / ${largest(pruned, 1)} (goal 5)`)
}
