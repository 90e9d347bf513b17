import { run } from '../main.js';
await run('check-migrations');
