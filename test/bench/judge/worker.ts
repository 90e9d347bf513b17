import { parentPort } from 'node:worker_threads';
import { simulate } from './simulate.ts';
import type { Task } from './workers.ts';

/** Simulates what it is told to, one cell after the other. */
parentPort?.on('message', ({ cell, from, to }: Task) => parentPort?.postMessage(simulate(cell, from, to)));
