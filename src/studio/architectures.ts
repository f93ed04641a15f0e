/** What there is to choose from, for hosts: they do not import the science. */
export { type ArchitectureDescription, offeredArchitectures } from '../core/architectures.ts'
