import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { WEB } from '../taskdef/definitions.ts';
import { Job } from './start-action.ts';
import { inWorld } from './world.ts';

const RENDER = 'render-task-definition';

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
    expect(JSON.parse(readFileSync(step.outputs['task-definition'] ?? '', 'utf8'))).toMatchObject({
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

  it('tells every error at its place in the file, and no secret', async () => {
    const [app, proxy] = WEB.containerDefinitions;
    const wrong = {
      ...WEB,
      cpu: '300',
      containerDefinitions: [{ ...app, memroy: 'hunter2' }, proxy],
    };
    job.file('taskdef.json', JSON.stringify(wrong, null, 2));
    const step = await job.run(RENDER, {
      'task-definition': 'taskdef.json',
      'environment-variables': 'A=hunter2',
      'container-name': 'app',
    });
    expect(step.code, step.log).toBe(1);
    const lines = JSON.stringify(wrong, null, 2).split('\n');
    for (const key of ['cpu', 'memroy']) {
      const line = lines.findIndex((text) => text.includes(`"${key}"`)) + 1;
      expect(step.log).toContain(`::error file=taskdef.json,line=${line},`);
    }
    expect(step.log).not.toContain('hunter2');
    expect(step.outputs).toEqual({});
    expect(step.summary).toBe('');
  });

  it('compares with what a service runs, without a change to anything', async () => {
    await inWorld({ scenario: webShop(), scale: 60 }, async (world) => {
      const own = world.job();
      const inputs = { cluster: 'prod', service: 'web' };
      const same = await own.run(RENDER, inputs);
      expect(same.code, same.log).toBe(0);
      expect(same.outputs).toMatchObject({ changed: 'false', diff: 'Nothing changes.' });

      // What was written is a file like any other.
      own.file('taskdef.json', readFileSync(same.outputs['task-definition'] ?? '', 'utf8'));
      const other = await own.run(RENDER, {
        ...inputs,
        'task-definition': 'taskdef.json',
        image: 'app:v2',
        cpu: '512',
        memory: '1024',
        'environment-variables': 'TOKEN=hunter2',
      });
      expect(other.code, other.log).toBe(0);
      const diff = [
        '- Task',
        '  - `cpu` `256` -> `512`',
        '  - `memory` `512` -> `1024`',
        '- Container `web`',
        '  - image `app:v1` -> `app:v2`',
        '  - variable `TOKEN` added',
      ].join('\n');
      expect(other.outputs).toMatchObject({ changed: 'true', diff, family: 'web' });
      expect(other.log).toContain('Compared with what service web runs (web:1):');
      expect(other.summary).toContain(diff);
      expect(other.log + other.summary).not.toContain('hunter2');
      expect(world.changes).toEqual([]);
      return { runs: 'web:1' };
    });
  });
});
