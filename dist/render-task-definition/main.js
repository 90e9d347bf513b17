import { run } from '../main.js';
await run('render-task-definition');
