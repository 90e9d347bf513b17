import { run } from '../main.js';
await run('smoke-test');
