import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { WEB } from '../taskdef/definitions.ts';
import { Job } from './start-action.ts';
import { inWorld } from './world.ts';

const RENDER = 'render-task-definition';
const LOGGING = { logDriver: 'awslogs', options: { 'awslogs-group': '/ecs/web', 'awslogs-region': 'eu-west-1' } };

describe('render-task-definition, as the runner starts it', () => {
  let job: Job;
  beforeEach(() => {
    job = new Job({});
  });
  afterEach(() => job.end());

  it('renders a file without any AWS, with every kind of setting', async () => {
    job.file('taskdef.json', `// a comment\n${JSON.stringify(WEB, null, 2)}`);
    job.file('web.env', "FROM_FILE='a # b'\n");
    job.file('patch.yml', 'containerDefinitions: { proxy: { cpu: 64 } }\n');
    const step = await job.run(RENDER, {
      'task-definition': 'taskdef.json',
      'container-name': 'app',
      image: 'web:2',
      'env-files': 'web.env',
      command: 'node "my server.js"',
      'port-mappings': '- containerPort: 8080\n  name: http',
      'health-check-interval': '10s',
      unset: 'LOG_LEVEL',
      'merge-patch': 'patch.yml',
    });
    expect(step.code, step.log).toBe(0);
    expect(JSON.parse(job.read(step.outputs['task-definition'] ?? ''))).toMatchObject({
      containerDefinitions: [
        {
          image: 'web:2',
          command: ['node', 'my server.js'],
          environment: [
            { name: 'PORT', value: '8080' },
            { name: 'FROM_FILE', value: 'a # b' },
          ],
          portMappings: [{ containerPort: 8080, name: 'http' }],
          healthCheck: { interval: 10 },
        },
        { name: 'proxy', cpu: 64 },
      ],
    });
  });
});
