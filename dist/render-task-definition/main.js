import { run } from '../index.js';
await run('render-task-definition');
