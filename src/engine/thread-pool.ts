/**
 * Images are decoded, and files read, by the threads of libuv: four where nobody says otherwise, which keeps no large
 * machine busy. It looks at the variable when the first of them is needed, so this comes before every other import.
 */
import { availableParallelism } from 'node:os'

process.env['UV_THREADPOOL_SIZE'] ??= String(Math.max(4, availableParallelism()))
