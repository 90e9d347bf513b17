import { run } from '../main.js';
await run('ecr-push-post');
