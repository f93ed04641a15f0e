/** The process that works a run, as the desktop bundles it: a host names its entries in the studio, not in the engine. */
import '../engine/worker.ts'
